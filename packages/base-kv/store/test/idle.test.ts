/** Hundreds of ranges in which nothing happens: what they cost, and that they are there when something does. */
import { afterEach, expect, test } from '@jest/globals'
import { MemoryDisk, openMemoryStorage, type StoreIdentity } from '@base-kv/storage'
import { startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { leaderOf, put, starts, whole } from './many-ranges.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())

const RANGES = 400
const name = (i: number): string => `key${String(i).padStart(6, '0')}`

test('sleep: no tick reaches them, no message crosses; a write, a lost node and a new one wake them', async () => {
  const disks = new Map<TestNode, { log: MemoryDisk; data: MemoryDisk; identity?: StoreIdentity }>()
  const c = (cluster = await startServing(3, {
    openStorage: async (node, onPoison) => {
      const known = disks.get(node) ?? { log: new MemoryDisk(), data: new MemoryDisk() }
      disks.set(node, known)
      const identity = known.identity ? { identity: known.identity } : {}
      const storage = await openMemoryStorage(known, { cluster: 'test', onPoison, ...identity }, node.doors)
      known.identity = storage.identity
      return storage
    },
  }))
  // Each split cuts the last range, so one after the other; the elections go on beside.
  for (let i = 1; i < RANGES; i++) {
    const { range } = await leaderOf(c, name(i))
    await range.split(Buffer.from(name(i)))
  }
  const asleep = () => c.running.every((node) => node.store.awakeCount === 0)
  await until(asleep, 'all sleep', 30_000)
  for (const node of c.nodes) expect(starts(node)).toHaveLength(RANGES)

  let messages = 0
  c.passes = () => ++messages > 0
  const before = process.cpuUsage()
  const sinceMs = performance.now()
  await until(() => performance.now() - sinceMs > 1_000, 'a second goes by')
  const { user, system } = process.cpuUsage(before)
  // Three stores in this process, a twentieth of a core each.
  expect((user + system) / 1_000 / (performance.now() - sinceMs)).toBeLessThan(0.15)
  expect(messages).toBe(0)
  expect(asleep()).toBe(true)

  // One wakes, the others do not.
  await put(c, name(150), '1')
  expect(Math.max(...c.nodes.map((node) => node.store.awakeCount))).toBeLessThan(10)
  const leader = await c.leader()
  await until(asleep, 'it sleeps again')

  // The leader of all is lost: its followers notice, and every key has a leader again.
  c.isolate(leader)
  await leader.stop()
  for (const node of c.running) node.store.peerDown(leader.id)
  for (const i of [0, 1, 50, 277, 399]) await put(c, name(i), '2')
  await until(
    () =>
      c.running.every((node) =>
        node.store.describe().ranges.every((range) => range.leader && range.leader !== leader.id),
      ),
    'all have new leaders',
    20_000,
  )
  // Without a quorum nobody leads, also where nobody asks for anything.
  await until(asleep, 'all sleep without it', 30_000)
  const [last, other] = c.running as [TestNode, TestNode]
  c.isolate(other)
  last.store.peerDown(other.id)
  await until(() => last.store.describe().ranges.every((range) => range.leader === null), 'nobody leads', 20_000)
  c.heal()
  await leader.start()
  for (const node of c.running) if (node !== leader) node.store.peerUp(leader.id)
  const pairs = await whole(c)
  expect(pairs).toEqual([
    `${name(0)}=2`,
    `${name(1)}=2`,
    `${name(50)}=2`,
    `${name(150)}=1`,
    `${name(277)}=2`,
    `${name(399)}=2`,
  ])
  await until(asleep, 'all sleep at last', 30_000)
}, 120_000)
