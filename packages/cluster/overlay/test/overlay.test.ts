import { afterEach, describe, expect, test } from '@jest/globals'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alive, freePort, startCluster, startNode, stateOf, stopAll, type TestNode, until } from './nodes.ts'

afterEach(stopAll)

describe('nodes on real sockets', () => {
  test('find each other through one seed and agree on the landscape', async () => {
    const nodes = await startCluster(5)
    const seen = (at: number) => nodes[at]!.overlay.landscape().stores.map(({ descriptor }) => descriptor.node)
    await until(() => nodes.every((_, i) => seen(i).length === 5))
    expect(new Set(seen(0))).toEqual(new Set(nodes.map(({ address }) => address)))
    for (const { overlay } of nodes) expect(overlay.landscape()).toEqual(nodes[0]!.overlay.landscape())
    expect(Object.isFrozen(nodes[0]!.overlay.landscape())).toBe(true)
  })

  test('a changed descriptor is seen everywhere within a second', async () => {
    const nodes = await startCluster(4)
    await until(() => nodes.every(({ overlay }) => overlay.landscape().stores.length === 4))
    nodes[2]!.stores = [{ ...nodes[2]!.stores[0]!, attributes: { zone: 'b' } }]
    nodes[2]!.overlay.changed()
    const zoned = (node: (typeof nodes)[number]) =>
      node.overlay.landscape().stores.some(({ descriptor }) => descriptor.attributes?.['zone'] === 'b')
    expect(await until(() => nodes.every(zoned))).toBeLessThan(1_000)
  })

  test('who is killed is dead for the others within 5 s, its stores are marked; who says goodbye is gone within 1 s', async () => {
    const nodes = await startCluster(4)
    await until(() => nodes.every(({ overlay }) => overlay.landscape().stores.length === 4))
    const [a, b, killed, leaving] = nodes
    await killed!.kill()
    expect(await until(() => [a!, b!, leaving!].every((node) => stateOf(node, killed!) === 'dead'))).toBeLessThan(5_000)
    const marked = a!.overlay.landscape().stores.find(({ host }) => host === killed!.host)
    expect(marked?.live).toBe(false)
    const goodbye = leaving!.leave()
    expect(await until(() => [a!, b!].every((node) => stateOf(node, leaving!) === 'left'))).toBeLessThan(1_000)
    await goodbye
    await until(() => a!.overlay.landscape().stores.every(({ host }) => host !== leaving!.host))
  })

  test('a process that starts again at the same address replaces the old one, and its store is the one that is shown', async () => {
    const nodes = await startCluster(3)
    const [a, , old] = nodes
    await until(() => a!.overlay.landscape().stores.length === 3)
    await old!.kill()
    const again = await startNode({ bind: old!.address, seeds: [a!.address] })
    again.stores = [{ ...old!.stores[0]!, hostId: again.host, version: 'new' }]
    again.overlay.changed()
    await until(() => stateOf(a!, old!) === 'left' && stateOf(a!, again) === 'alive')
    await until(() => a!.overlay.landscape().stores.some(({ descriptor }) => descriptor.version === 'new'))
    expect(a!.overlay.landscape().stores.filter(({ descriptor }) => descriptor.node === old!.address)).toHaveLength(1)
  })

  test('a store of 3,000 ranges reaches the others over the reliable channel', async () => {
    const nodes = await startCluster(3)
    const ranges = Array.from({ length: 3_000 }, (_, i) => ({
      id: `1_${i}`,
      role: 'Leader',
      state: 'Normal',
      config: { voters: nodes.map(({ host }) => host) },
      appliedIndex: 100 + i,
    }))
    nodes[0]!.stores = [{ ...nodes[0]!.stores[0]!, ranges }]
    nodes[0]!.overlay.changed()
    const count = (at: number) =>
      nodes[at]!.overlay.landscape().stores.find(({ host }) => host === nodes[0]!.host)?.descriptor.ranges?.length
    await until(() => count(1) === 3_000 && count(2) === 3_000)
    const [range] = nodes[1]!.overlay.landscape().stores.find(({ host }) => host === nodes[0]!.host)!.descriptor.ranges!
    expect(range).toMatchObject({ id: '1_0', role: 'Leader', appliedIndex: 100 })
  })
})

describe('proposals and states of balancers', () => {
  const bytes = (text: string) => Buffer.from(text)
  const texts = (node: TestNode) => [...node.overlay.proposals()].map(([key, value]) => `${key} ${Buffer.from(value)}`)

  test('reach everybody; the newest wins; what was chosen outlives a stop of all nodes, what was taken back stays so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'base-kv-proposals-'))
    const file = (i: number) => join(folder, `${i}.json`)
    const first = await startNode({ proposalsFile: file(1) })
    const second = await startNode({ proposalsFile: file(2), seeds: [first.address] })
    first.overlay.propose('split', bytes('on'))
    first.overlay.propose('merge', bytes('on'))
    await until(() => texts(second).length === 2)
    second.overlay.propose('split', bytes('off'))
    second.overlay.propose('merge', bytes(''))
    await until(() => texts(first).join() === 'split off')
    await Promise.all([first.kill(), second.kill()])
    const again = await startNode({ proposalsFile: file(1) })
    expect(texts(again)).toEqual(['split off'])
    await again.kill()
    await writeFile(file(1), '{"version":1,"regi')
    const damaged = await startNode({ proposalsFile: file(1) })
    expect(texts(damaged)).toEqual([])
    expect(damaged.lines.some((line) => line.includes('cannot be read'))).toBe(true)
    const other = await startNode({ proposalsFile: file(2), seeds: [damaged.address] })
    await until(() => texts(damaged).join() === 'split off')
    expect(texts(other)).toEqual(['split off'])
    await Promise.all([damaged.kill(), other.kill()])
    await rm(folder, { recursive: true })
  })

  test('a state is seen with its host, and goes when it is taken back', async () => {
    const [a, b] = await startCluster(2)
    a!.overlay.reportState('split', bytes('enabled'))
    await until(() => b!.overlay.states().length === 1)
    expect(b!.overlay.states()).toEqual([
      { host: a!.host, live: true, key: 'split', value: new Uint8Array(bytes('enabled')) },
    ])
    a!.overlay.reportState('split', null)
    await until(() => b!.overlay.states().length === 0)
  })
})

describe('a secret', () => {
  test('seals everything; it can be changed without a pause, and another one is refused and said', async () => {
    const nodes = await startCluster(2, { secret: 'old' })
    const both = await startNode({ secret: 'new,old', seeds: [nodes[0]!.address] })
    // Those that know only the old one cannot open what the new one seals.
    const stranger = await startNode({ secret: 'wrong', seeds: [nodes[0]!.address] })
    const bare = await startNode({ seeds: [nodes[0]!.address] })
    await until(() => stranger.lines.some((line) => line.includes('cluster.secret')))
    await until(() => bare.lines.some((line) => line.includes('cluster.secret')))
    expect(alive(stranger)).toEqual([stranger.address])
    expect(alive(nodes[0]!)).toHaveLength(2)
    expect(alive(both)).not.toContain(stranger.address)
    expect(stranger.lines.filter((line) => line.includes('cluster.secret'))).toHaveLength(1)
  })

  test('nodes with "old,new" and "new,old" understand each other', async () => {
    const first = await startNode({ secret: 'old,new' })
    const second = await startNode({ secret: 'new,old', seeds: [first.address] })
    await until(() => alive(first).length === 2 && alive(second).length === 2)
  })
})

describe('trouble at the start', () => {
  test('a seed that never answers and a name that does not resolve are said once, and the node stays up', async () => {
    const seed = `127.0.0.1:${await freePort()}`
    const node = await startNode({ seeds: [seed, 'no-such-host.invalid:7701'] })
    await until(() => node.lines.some((line) => line.includes('does not resolve')))
    const late = await startNode({ bind: seed })
    await until(() => alive(node).length === 2 && alive(late).length === 2)
    expect(node.lines.filter((line) => line.includes('does not resolve'))).toHaveLength(1)
  })

  test('a seed given by name is met', async () => {
    const first = await startNode()
    const second = await startNode({ seeds: [first.address.replace('127.0.0.1', 'localhost')] })
    await until(() => alive(first).length === 2 && alive(second).length === 2)
  })

  test('another cluster refuses, and the reason is said once', async () => {
    const first = await startNode()
    const stranger = await startNode({ cluster: 'other', seeds: [first.address] })
    await until(() => stranger.lines.some((line) => line.includes('another cluster')))
    expect(alive(first)).toHaveLength(1)
  })

  test('an address that nobody can dial, and a taken UDP port, stop the start', async () => {
    await expect(startNode({ address: '0.0.0.0:7701' })).rejects.toMatchObject({ code: 'BadConfig' })
    const socket = createSocket('udp4')
    const port = await freePort()
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve))
    await expect(startNode({ bind: `127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'BadConfig' })
    socket.close()
  })

  test('garbage by datagram is counted and changes nothing', async () => {
    const node = await startNode()
    const socket = createSocket('udp4')
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.alloc(i * 7, i)
      socket.send(bytes, Number(node.address.split(':')[1]), '127.0.0.1')
    }
    await until(() => Object.values(node.overlay.counts()).some((count) => count > 20))
    socket.close()
    expect(alive(node)).toEqual([node.address])
  })
})
