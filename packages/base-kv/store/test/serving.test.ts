import { afterEach, describe, expect, test } from '@jest/globals'
import { limits } from '@base-kv/base'
import { KvCommand, KvQuery } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import {
  type ClusterOptions,
  commands,
  getAt,
  propose,
  putAt,
  query,
  startEmpty,
  startServing,
  type TestCluster,
  type TestNode,
  text,
  until,
} from './cluster.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

const key = (name: string) => Buffer.from(name)

describe('the beginning of a cluster', () => {
  test('nothing is served before a majority holds the first range; two of three are enough', async () => {
    const c = (cluster = await startEmpty(3))
    const [a, b, d] = c.nodes as [TestNode, TestNode, TestNode]
    c.isolate(a)
    await a.store.bootstrap(c.nodes.map((node) => node.id))
    await until(() => a.described!.term > 0 && a.described!.role !== 'Leader', 'a stands for election')
    expect((await putAt(a, 'k', 'v'))?.code).toBe('TryLater')
    await expect(getAt(a, 'k', 'stale')).rejects.toMatchObject({ code: 'TryLater' })
    expect(a.store.epoch).toMatchObject({ confirmed: false })

    await d.stop()
    c.heal()
    await c.put('k', 'v')
    expect(await c.get('k')).toBe('v')
    expect(a.store.epoch?.confirmed).toBe(true)
    await until(() => b.store.epoch?.confirmed, 'the other one knows')
    expect(b.store.epoch?.epoch).toBe(a.store.epoch?.epoch)

    await d.start()
    await until(() => d.hasRange && d.range.confirmed, 'the third comes in later')
    await c.alike()
  })

  test('a single store serves at once', async () => {
    const c = await serve(1)
    await c.put('k', 'v')
    expect(await c.get('k')).toBe('v')
  })

  test('a store never takes part in a second epoch, whoever asks', async () => {
    const c = await serve(3)
    const stranger = await c.add('stranger').start()
    await stranger.store.bootstrap([stranger.id, ...c.nodes.slice(0, 2).map((node) => node.id)])
    const asked = new Set<string>()
    c.passes = ({ from, to }) => {
      if (from === stranger) asked.add(to.name)
      return true
    }
    await until(() => asked.size === 2, 'both were asked for their vote')
    await c.put('k', 'v')
    for (const node of c.nodes.slice(0, 3)) expect([...node.store.ranges]).toHaveLength(1)
    expect(stranger.store.epoch?.confirmed).toBe(false)
  })
})

describe('operations', () => {
  test('put, get, delete, compare-and-set, batch', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    expect(await putAt(leader, 'a', '1')).toBeNull()
    expect(await getAt(leader, 'a')).toBe('1')
    expect(await getAt(leader, 'nothing')).toBeUndefined()
    expect((await propose(leader, KvCommand.delete, commands.delete('a'))).error).toBeNull()
    expect(await getAt(leader, 'a')).toBeUndefined()

    const cas = async (expect_: string | null, value: string) => {
      const { error, reply } = await propose(leader, KvCommand.compareAndSet, commands.cas('c', expect_, value))
      expect(error).toBeNull()
      const { succeeded, current } = v1.CompareAndSetReply.decode(reply as Uint8Array)
      return [succeeded, text(current)]
    }
    expect(await cas('x', 'never')).toEqual([false, undefined])
    expect(await cas(null, 'one')).toEqual([true, undefined])
    expect(await cas(null, 'never')).toEqual([false, 'one'])
    expect(await cas('one', '')).toEqual([true, undefined])
    // Empty is not absent.
    expect(await cas(null, 'never')).toEqual([false, ''])

    const ops = [
      { put: { key: key('x'), value: key('1') } },
      { put: { key: key('y'), value: key('2') } },
      { delete: { key: key('x') } },
    ]
    expect((await propose(leader, KvCommand.batch, v1.BatchRequest.encode({ ops }).finish())).error).toBeNull()
    expect([await getAt(leader, 'x'), await getAt(leader, 'y')]).toEqual([undefined, '2'])
    await c.alike()
  })

  test('a scan gives pages in order, cut by count and by bytes', async () => {
    const c = await serve(1)
    const [node] = c.nodes as [TestNode]
    await Promise.all(Array.from({ length: 50 }, (_, i) => putAt(node, `k${String(i).padStart(2, '0')}`, `v${i}`)))
    const page = async (request: v1.ScanRequest.$Properties) => {
      const bytes = await query(node, KvQuery.scan, v1.ScanRequest.encode(request).finish())
      return (v1.ScanPage.decode(bytes).items ?? []).map((item) => text(item.key))
    }
    expect(await page({ limit: 3 })).toEqual(['k00', 'k01', 'k02'])
    expect(await page({ start: key('k10'), end: key('k12') })).toEqual(['k10', 'k11'])
    expect(await page({ start: key('k49') })).toEqual(['k49'])
    expect(await page({ start: key('l') })).toEqual([])
    expect(await page({ start: key('k3'), end: key('k1') })).toEqual([])
    expect(await page({})).toHaveLength(50)

    const large = 'x'.repeat(100 * 1024)
    for (let i = 0; i < 5; i++) await putAt(node, `z${i}`, large)
    expect(await page({ start: key('z') })).toHaveLength(3)
  })

  test.each<[string, number, Uint8Array]>([
    ['an empty key', KvCommand.put, commands.put('', 'v')],
    ['a key over 16 KiB', KvCommand.put, commands.put('k'.repeat(16 * 1024 + 1), 'v')],
    ['a value over 1 MiB', KvCommand.put, commands.put('k', 'v'.repeat(1024 * 1024 + 1))],
    ['an empty batch', KvCommand.batch, v1.BatchRequest.encode({ ops: [] }).finish()],
    ['a batch with an empty operation', KvCommand.batch, v1.BatchRequest.encode({ ops: [{}] }).finish()],
    ['bytes that are no request', KvCommand.put, Buffer.from([0x0a, 0xff, 0xff])],
    ['an unknown command', 99, commands.put('k', 'v')],
    ["a command of the range's own", 128, new Uint8Array(0)],
  ])('%s is refused before anything is replicated', async (_, kind, body) => {
    const c = await serve(1)
    const before = c.nodes[0]!.range.describe().lastIndex
    expect((await propose(c.nodes[0]!, kind, body)).error).toMatchObject({ code: 'BadRequest', applied: 'no' })
    expect(c.nodes[0]!.range.describe().lastIndex).toBe(before)
  })

  test('the largest key and value go through', async () => {
    const c = await serve(3)
    const longest = 'k'.repeat(limits.keyBytesMax)
    await c.put(longest, 'v'.repeat(limits.valueBytesMax))
    expect((await c.get(longest))?.length).toBe(limits.valueBytesMax)
    await c.alike()
  })

  test("a query that does not decode is the caller's mistake", async () => {
    const c = await serve(1)
    for (const kind of [KvQuery.get, KvQuery.scan]) {
      await expect(query(c.nodes[0]!, kind, Buffer.from([0x0a, 0x7f]))).rejects.toMatchObject({ code: 'BadRequest' })
    }
    await expect(query(c.nodes[0]!, KvQuery.get, new Uint8Array(0))).rejects.toMatchObject({ code: 'BadRequest' })
  })
})

describe('reads', () => {
  test('a leader that was cut off answers nothing but stale reads', async () => {
    const c = await serve(3, { raft: { lease: true } })
    await c.put('k', 'old')
    const old = await c.leader()
    await c.alike()
    c.isolate(old)
    const late = getAt(old, 'k')
    const rest = c.nodes.filter((node) => node !== old)
    await c.leader(() => rest)
    await until(async () => (await putAt(await c.leader(() => rest), 'k', 'new')) === null, 'the others take writes')
    await expect(late).rejects.toMatchObject({ code: 'TryLater' })
    await expect(getAt(old, 'k')).rejects.toMatchObject({ code: 'TryLater' })
    await expect(getAt(old, 'k', 'lease')).rejects.toMatchObject({ code: 'TryLater' })
    expect(await getAt(old, 'k', 'stale')).toBe('old')
    c.heal()
    expect(await c.get('k')).toBe('new')
  })

  test('followers answer stale reads only, and say who leads', async () => {
    const c = await serve(3)
    await c.put('k', 'v')
    await c.alike()
    const leader = await c.leader()
    const follower = c.follower(leader)
    await until(() => follower.range.leader === leader.id, 'the follower knows the leader')
    await expect(getAt(follower, 'k')).rejects.toMatchObject({
      code: 'TryLater',
      message: expect.stringContaining(leader.id),
    })
    expect(await getAt(follower, 'k', 'stale')).toBe('v')
  })

  test('with a lease a read needs nobody else for a moment, and no longer', async () => {
    const c = await serve(3, { raft: { lease: true } })
    await c.put('k', 'v')
    const leader = await c.leader()
    await until(async () => (await getAt(leader, 'k', 'lease')) === 'v', 'a lease')
    let answered = 0
    c.passes = () => {
      answered++
      return false
    }
    // Nothing comes through any more: only the lease can answer this.
    expect(await getAt(leader, 'k', 'lease')).toBe('v')
    await until(() => !leader.range.isLeader, 'the leader steps down')
    await expect(getAt(leader, 'k', 'lease')).rejects.toMatchObject({ code: 'TryLater' })
    expect(answered).toBeGreaterThan(0)
  })

  test('a read sees every write that was acknowledged before it began', async () => {
    const c = await serve(3)
    for (let i = 0; i < 50; i++) {
      await c.put('k', String(i))
      expect(await c.get('k')).toBe(String(i))
    }
  })
})
