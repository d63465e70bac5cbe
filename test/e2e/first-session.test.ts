/** What a newcomer types, in one session on one cluster of three processes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

describe('a first session', () => {
  let cluster: TestCluster
  let readyMs = 0
  beforeAll(async () => {
    const begun = performance.now()
    cluster = await TestCluster.up()
    readyMs = performance.now() - begun
  })
  afterAll(() => cluster?.close())

  test('three processes are ready within 10 s, each named in cluster.json', () => {
    expect(readyMs).toBeLessThan(10_000)
    const nodes = cluster.nodes()
    expect(nodes.map((node) => node.name)).toEqual(['n1', 'n2', 'n3'])
    expect(nodes.map((node) => node.rpc)).toEqual(cluster.endpoints)
    expect(nodes.map((node) => node.admin)).toEqual([1, 2, 3].map((i) => `127.0.0.1:${cluster.basePort + 390 + i}`))
    expect(nodes.every((node) => runs(node.pid))).toBe(true)
  })

  test('a second `cluster up` says that it runs already and changes nothing', async () => {
    const before = cluster.nodes()
    const out = await cluster.ok(['cluster', 'up', '--detach'])
    expect(out).toContain('already runs')
    expect(cluster.nodes()).toEqual(before)
  })

  test('put, get, delete, scan, compare-and-set', async () => {
    await cluster.ok(['put', 'greeting', 'hello'])
    expect(await cluster.ok(['get', 'greeting'])).toBe('hello\n')
    expect(JSON.parse(await cluster.ok(['get', 'greeting', '-o', 'json']))).toEqual({ key: 'greeting', value: 'hello' })
    await cluster.ok(['put', 'hex:00ff', 'base64:AAEC'])
    expect(await cluster.ok(['get', 'hex:00ff', '-o', 'table'])).toContain('hex:000102')
    await cluster.ok(['put', 'from-stdin', '--file', '-'], { stdin: 'piped' })
    expect(await cluster.ok(['get', 'from-stdin', '--consistency', 'stale'])).toBe('piped\n')
    expect(await cluster.ok(['scan', '--start', 'f', '--keys-only', '-o', 'raw'])).toBe('from-stdin\ngreeting\n')
    expect(await cluster.ok(['scan', '--prefix', 'g', '-o', 'yaml'])).toBe('- key: greeting\n  value: hello\n')
    expect(JSON.parse(await cluster.ok(['scan', '--limit', '1']))).toHaveLength(1)

    await cluster.ok(['cas', 'greeting', '--expect', 'hello', '--value', 'hi'])
    const refused = await cluster.run(['cas', 'greeting', '--expect', 'hello', '--value', 'no'])
    expect(refused.code).toBe(3)
    expect(refused.stderr).toMatch(/^error NOT_MATCHED: .*"hi"/)
    await cluster.ok(['cas', 'new', '--absent', '--value', '1'])
    expect((await cluster.run(['cas', 'new', '--absent', '--value', '2'])).code).toBe(3)

    await cluster.ok(['del', 'greeting'])
    await cluster.ok(['del', 'greeting'])
    const absent = await cluster.run(['get', 'greeting'])
    expect(absent.code).toBe(3)
    expect(absent.stdout).toBe('')
    expect(absent.stderr).toMatch(/^error NOT_FOUND: key "greeting" is absent; /)
  })

  test('every inspecting command answers as a table and as JSON', async () => {
    for (const command of [
      ['status'],
      ['members'],
      ['landscape'],
      ['range', 'list'],
      ['version'],
      ['cluster', 'status'],
    ]) {
      const json: unknown = JSON.parse(await cluster.ok([...command, '-o', 'json']))
      expect(JSON.stringify(json)).toContain('n1')
      expect(await cluster.ok([...command, '-o', 'table'])).toContain('n1')
    }
    expect(await cluster.ok(['members', '-o', 'yaml'])).toContain('n1')
    expect(await cluster.ok(['members', '-o', 'raw'])).toMatch(/^n1\t.*\talive$/m)
    const members = JSON.parse(await cluster.ok(['members'])) as { node: string; state: string }[]
    expect(members.map(({ node, state }) => `${node} ${state}`)).toEqual(['n1 alive', 'n2 alive', 'n3 alive'])
  })

  test('leadership moves where it is told to, by node name and by store id prefix', async () => {
    const before = await cluster.range()
    const [first, second] = before.voters.filter((voter) => voter.node !== before.leader!.node)
    const moved = JSON.parse(await cluster.ok(['range', 'transfer', '--to', first!.node])) as { ver: number }
    expect(typeof moved.ver).toBe('number')
    expect(await cluster.leader()).toBe(first!.node)
    await cluster.ok(['range', 'transfer', '--range', before.id, '--to', second!.store.slice(0, 8)])
    expect(await cluster.leader()).toBe(second!.node)
  })

  test('what this release lacks is refused in words', async () => {
    for (const command of [['cluster', 'remove', 'n3']]) {
      const refused = await cluster.run(command)
      expect({ command, code: refused.code }).toEqual({ command, code: 1 })
      expect(refused.stderr).toMatch(/^error UNIMPLEMENTED: .+; .+\n$/)
    }
    expect((await cluster.run(['range', 'recover', '--store', 'n1'])).stderr).toContain('--accept-data-loss')
  })

  test('the leader is killed, the others go on; it comes back and catches up', async () => {
    await cluster.ok(['put', 'before', 'the kill'])
    const victim = await cluster.leader()
    const { pid } = cluster.node(victim)
    await cluster.ok(['cluster', 'kill', 'leader'])
    expect(runs(pid)).toBe(false)
    expect(await cluster.ok(['get', 'before'])).toBe('the kill\n')
    await cluster.ok(['put', 'after', 'the kill'])

    const { stdout } = await cluster.run(['cluster', 'status', '-o', 'json'])
    const { nodes } = JSON.parse(stdout) as { nodes: { name: string; state: string; exit: { signal: string } }[] }
    expect(nodes.find((node) => node.name === victim)).toMatchObject({ state: 'stopped', exit: { signal: 'SIGKILL' } })
    expect((await cluster.run(['cluster', 'kill', victim])).code).toBe(78)

    await cluster.ok(['cluster', 'start', victim])
    await cluster.caughtUp(victim)
    expect(cluster.node(victim).pid).not.toBe(pid)
  })

  test('a paused node is noticed and comes back', async () => {
    const paused = await cluster.leader()
    await cluster.ok(['cluster', 'pause', paused])
    // A write that was under way at the paused leader has an unknown outcome; soon another one leads.
    await until('a write goes through', async () => (await cluster.run(['put', 'while', 'paused'])).code === 0)
    const status = await cluster.ok(['cluster', 'status', '-o', 'table'])
    expect(status).toMatch(new RegExp(`${paused} .*paused`))
    await cluster.ok(['cluster', 'resume', paused])
    await cluster.caughtUp(paused)
  })

  test('a wiped node comes back without a vote, and is let in again', async () => {
    const victim = (await cluster.range()).voters.find((voter) => voter.node === 'n2')!
    const running = await cluster.run(['cluster', 'wipe', 'n2'])
    expect(running.code).toBe(78)
    await cluster.ok(['cluster', 'stop', 'n2'])
    await cluster.ok(['cluster', 'wipe', 'n2'])
    await cluster.ok(['cluster', 'start', 'n2'])
    const apart = await cluster.range()
    expect(apart.voters.map((voter) => voter.store)).toContain(victim.store)
    expect(apart.replicas.map((replica) => replica.node)).not.toContain('n2')

    const changed = JSON.parse(await cluster.ok(['range', 'replicas', '--voters', 'n1,n2,n3', '--timeout', '20s'])) as {
      ver: number
    }
    expect(changed.ver).toBeGreaterThan(apart.ver)
    await until('n2 votes with its new store', async () =>
      (await cluster.range()).voters.some((voter) => voter.node === 'n2' && voter.store !== victim.store),
    )
    await cluster.caughtUp('n2')
    expect(await cluster.ok(['get', 'before'])).toBe('the kill\n')
  })

  test('down stops every process, up finds the data again, --fresh empties it', async () => {
    const pids = cluster.nodes().map((node) => node.pid)
    const begun = performance.now()
    await cluster.ok(['cluster', 'down'])
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(pids.filter(runs)).toEqual([])
    const down = await cluster.run(['get', 'before', '--timeout', '3s'])
    expect(down.code).toBe(69)
    expect(down.stderr).toMatch(/^error UNREACHABLE: .*cluster up/)

    await cluster.ok(['cluster', 'up', '--detach'])
    expect(await cluster.ok(['get', 'before'])).toBe('the kill\n')
    const wrong = await cluster.run(['cluster', 'down'])
    expect(wrong.code).toBe(0)
    await cluster.ok(['cluster', 'up', '--detach', '--fresh', '--base-port', String(cluster.basePort)])
    expect((await cluster.run(['get', 'before'])).code).toBe(3)
  })

  test('logs show what a node said', async () => {
    const text = await cluster.ok(['cluster', 'logs', 'n1', '-n', '500'])
    expect(text).toContain('serves')
    const line = (await cluster.ok(['cluster', 'logs', 'n1', '-n', '1', '--json'])).trim()
    expect(JSON.parse(line)).toHaveProperty('msg')
  })
})
