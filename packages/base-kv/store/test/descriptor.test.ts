/** What a store tells of itself and its ranges. */
import { afterEach, expect, test } from '@jest/globals'
import { HINT_WINDOW_MS } from '@base-kv/landscape'
import { clock as realClock, getAt, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { leaderOf, put, rangeAt, splitAt } from './many-ranges.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())

const described = (node: TestNode, key: string) =>
  node.store.describe().ranges.find(({ id }) => id === rangeAt(node, key)?.id)!

test('a store: attributes, statistics, and a stamp that rises', async () => {
  const c = (cluster = await startServing(1))
  const [node] = c.nodes as [TestNode]
  const first = node.store.describe()
  expect(first.attributes).toEqual({ zone: 'zone-a' })
  expect(first.statistics).toMatchObject({ 'cpu.usage': 0.25, 'disk.stalledMs': expect.any(Number) })
  expect(first.statistics['disk.free']).toBeLessThanOrEqual(first.statistics['disk.total'])
  const second = node.store.describe()
  expect(second.hlc > first.hlc).toBe(true)
  expect(second.ranges[0]!.hlc).toBe(second.hlc)
})

test('sizes: exact while few pairs are there, near it for many, and of both halves of a split', async () => {
  const c = (cluster = await startServing(1, { storage: { flushAgeMs: 5 } }))
  const [node] = c.nodes as [TestNode]
  expect(described(node, 'a').statistics.dataSize).toBeUndefined()
  await node.store.measure(5_000)
  expect(described(node, 'a').statistics).toMatchObject({ dataSize: 0, keys: 0 })
  const pairs = Array.from({ length: 20 }, (_, i) => `key${String(i).padStart(3, '0')}`)
  for (const key of pairs) await put(c, key, 'v'.repeat(100))
  await until(async () => {
    await node.store.measure(5_000)
    return described(node, 'a').statistics.keys === 20
  }, 'what was written is measured')
  expect(described(node, 'a').statistics.dataSize).toBe(20 * 106)
  expect(described(node, 'a').statistics.walSize).toBeGreaterThan(20 * 106)
  await splitAt(c, 'key005')
  await until(async () => {
    await node.store.measure(5_000)
    return described(node, 'key001').statistics.keys === 5 && described(node, 'key010').statistics.keys === 15
  }, 'both halves are measured')
  // More than are looked at: from the size and the first ones.
  await Promise.all(Array.from({ length: 2_000 }, (_, i) => put(c, `many${i + 1_000}`, 'v'.repeat(1_000))))
  await node.storage.data.flushNow()
  await until(async () => {
    await node.store.measure(5_000)
    return (described(node, 'many').statistics.keys ?? 0) > 15
  }, 'it is measured again')
  const { keys, dataSize } = described(node, 'many').statistics
  expect(dataSize! / keys!).toBeGreaterThan(700)
  expect(dataSize! / keys!).toBeLessThan(1_100)
})

test('where nothing was applied nothing is measured again', async () => {
  const c = (cluster = await startServing(1))
  const [node] = c.nodes as [TestNode]
  await put(c, 'a', '1')
  await node.storage.data.flushNow()
  const data = node.storage.data.range(node.range.id)
  let looks = 0
  const { readView } = data
  data.readView = () => {
    looks++
    return readView.call(data)
  }
  await until(async () => {
    await node.store.measure(5_000)
    return described(node, 'a').statistics.keys === 1
  }, 'measured')
  const before = looks
  for (let i = 0; i < 5; i++) await node.store.measure(5_000)
  expect(looks).toBe(before)
})

test('hints tell of the load of the last window on the leader, with a key that halves it; without load there are none', async () => {
  const c = (cluster = await startServing(3))
  const { node } = await leaderOf(c, 'a')
  expect(described(node, 'a').hints).toEqual([])
  const beginsMs = (Math.floor(realClock.monotonicMs() / HINT_WINDOW_MS) + 1) * HINT_WINDOW_MS
  const keys = Array.from({ length: 100 }, (_, i) => `key${String(i).padStart(3, '0')}`)
  // Over the end of a window, so that a whole one holds some of it.
  let hints = described(node, 'a').hints
  for (let round = 0; !(hints.length === 2 && realClock.monotonicMs() > beginsMs); round++) {
    await Promise.all(keys.map((key) => put(c, key, String(round))))
    await getAt(node, keys[round % 100]!)
    await getAt(node, keys[(round * 37) % 100]!)
    hints = described(node, 'a').hints
  }
  const [mutation, query] = hints
  expect(mutation).toMatchObject({ type: 'kv_io_mutation', load: { reads: 0, keys: expect.any(Number) } })
  expect(mutation!.load.writes).toBeGreaterThan(0)
  expect(mutation!.load.ioDensity).toBeGreaterThan(0)
  expect(mutation!.load.avgLatencyNanos).toBeGreaterThan(0)
  expect(Buffer.from(mutation!.splitKey!).toString()).toMatch(/^key0[3-7]/)
  expect(query).toMatchObject({ type: 'kv_io_query', load: { writes: 0, ioDensity: 1 } })
}, 60_000)
