import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, limits } from '@base-kv/base'
import { KvCommand } from '@base-kv/kv-store'
import { MemoryDisk, openMemoryStorage } from '@base-kv/storage'
import {
  type ClusterOptions,
  clock,
  commands,
  getAt,
  type Outcome,
  propose,
  putAt,
  startServing,
  type TestCluster,
  type TestNode,
  timers,
  until,
} from './cluster.ts'
import { silentLog } from '@base-kv/base'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

/** Many writers at once; remembers what each was told. */
class Load {
  readonly acknowledged = new Set<string>()
  readonly unknown = new Set<string>()
  readonly refused = new Set<string>()
  #stopped = false
  readonly #done: Promise<unknown>

  constructor(c: TestCluster, writers = 8) {
    let next = 0
    const write = async () => {
      while (!this.#stopped) {
        const key = `load-${next++}`
        const leader = c.running.find((node) => node.hasRange && node.range.isLeader)
        if (!leader) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        const error = await putAt(leader, key, key)
        if (error === null) this.acknowledged.add(key)
        else if (error.applied === 'unknown') this.unknown.add(key)
        else {
          this.refused.add(key)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      }
    }
    this.#done = Promise.all(Array.from({ length: writers }, write))
  }

  reached(count: number): Promise<true> {
    const from = this.acknowledged.size
    return until(() => this.acknowledged.size >= from + count, `${count} more writes`).then(() => true)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  /** Every acknowledged key is there, no certainly refused one is. */
  async check(c: TestCluster): Promise<void> {
    await c.alike()
    const leader = await c.leader()
    for (const key of this.acknowledged) expect([key, await getAt(leader, key, 'stale')]).toEqual([key, key])
    for (const key of this.refused) expect([key, await getAt(leader, key, 'stale')]).toEqual([key, undefined])
  }
}

describe('a leader that dies', () => {
  test('another takes over, every acknowledged write is there, and what cannot be known is said to be unknown', async () => {
    const c = await serve(3)
    const load = new Load(c)
    for (let round = 0; round < 3; round++) {
      await load.reached(200)
      const leader = await c.leader()
      await leader.crash()
      await c.leader()
      await load.reached(100)
      await leader.start()
    }
    await load.stop()
    await load.check(c)
  })

  test('a write that the old leader alone has is unknown, not failed', async () => {
    const c = await serve(3)
    await c.put('k', 'v')
    const old = await c.leader()
    c.isolate(old)
    const outcome = putAt(old, 'lonely', 'v')
    const rest = c.nodes.filter((node) => node !== old)
    const next = await c.leader(() => rest)
    expect(await outcome).toMatchObject({ code: 'OutcomeUnknown', applied: 'unknown' })
    expect(await putAt(next, 'k', 'w')).toBeNull()
    c.heal()
    await c.alike()
    expect(await getAt(old, 'lonely', 'stale')).toBeUndefined()
  })

  test('a write whose place another entry took is certainly not applied', async () => {
    const c = await serve(3)
    const old = await c.leader()
    c.isolate(old)
    const outcome = putAt(old, 'lonely', 'v')
    const rest = c.nodes.filter((node) => node !== old)
    await until(async () => (await putAt(await c.leader(() => rest), 'k', 'w')) === null, 'the others go on')
    // Before its patience is over.
    c.heal()
    const error = await outcome
    expect(['TryLater', 'OutcomeUnknown']).toContain(error?.code)
    await c.alike()
    expect(await getAt(old, 'lonely', 'stale')).toBeUndefined()
  })

  test('writes that no turn has proposed yet are refused, so that they are sent again', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const outcomes = [putAt(leader, 'a', '1'), putAt(leader, 'b', '2')]
    const closed = leader.stop()
    for (const error of await Promise.all(outcomes)) expect(error).toMatchObject({ code: 'TryLater', applied: 'no' })
    await closed
    await c.leader()
    await leader.start()
    await c.alike()
    expect(await getAt(await c.leader(), 'a')).toBeUndefined()
  })
})

describe('a restart', () => {
  test('on the same folder finds everything, whether stopped or killed', async () => {
    const c = await serve(1)
    const [node] = c.nodes as [TestNode]
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 20; i++) await c.put(`k${i}`, `${round}`)
      if (round % 2) await node.stop()
      else await node.crash()
      await node.start()
      expect(await c.get('k0')).toBe(`${round}`)
      expect(await c.get('k19')).toBe(`${round}`)
    }
  })

  test('of all nodes at once loses nothing', async () => {
    const c = await serve(3)
    const load = new Load(c)
    await load.reached(300)
    await Promise.all(c.nodes.map((node) => node.crash()))
    await load.stop()
    for (const node of c.nodes) await node.start()
    await load.check(c)
  })

  test('a leader that stops hands over first: the others need no election timeout', async () => {
    const c = await serve(3)
    await c.put('k', 'v')
    const leader = await c.leader()
    const { term } = leader.range.describe()
    await leader.store.handOver(2_000)
    expect(leader.range.isLeader).toBe(false)
    await leader.stop()
    const next = await c.leader()
    expect(next.range.describe().term).toBe(term + 1)
    await c.put('k', 'w')
  })

  test('a sleeping leader whose followers have all gone does not wait for them when it stops', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    await until(() => c.running.every((node) => node.store.awakeCount === 0), 'all sleep')
    for (const node of c.running) {
      if (node === leader) continue
      await node.stop()
      leader.store.peerDown(node.id)
    }
    const begunMs = performance.now()
    await leader.store.handOver(2_000)
    expect(performance.now() - begunMs).toBeLessThan(4_000)
  })
})

describe('queues', () => {
  test('a full write queue says TryLater at once, and takes writes again when it has drained', async () => {
    const c = await serve(3)
    await c.put('k', 'v')
    const leader = await c.leader()
    c.isolate(leader)
    const body = commands.put('k', 'w')
    const settled: Outcome[] = []
    const all: Promise<Outcome>[] = []
    for (let i = 0; i < limits.pendingCommandsMax + 100; i++) {
      const outcome = propose(leader, KvCommand.put, body)
      all.push(outcome)
      void outcome.then((one) => settled.push(one))
    }
    await Promise.resolve()
    expect(settled).toHaveLength(100)
    expect(settled.every(({ error }) => error?.code === 'TryLater')).toBe(true)
    const outcomes = await Promise.all(all)
    expect(outcomes.every(({ error }) => error !== null)).toBe(true)
    c.heal()
    await c.put('k', 'x')
    expect(await c.get('k')).toBe('x')
  })

  test('a write queue is bounded by bytes too', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    c.isolate(leader)
    const body = commands.put('k', 'w'.repeat(1024 * 1024))
    let refused = 0
    const all = Array.from({ length: 80 }, () => propose(leader, KvCommand.put, body))
    for (const outcome of all) void outcome.then(({ error }) => error?.code === 'TryLater' && refused++)
    await Promise.resolve()
    expect(refused).toBeGreaterThanOrEqual(16)
    await Promise.all(all)
  })

  test('a full read queue says TryLater at once, and takes reads again', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    c.isolate(leader)
    const outcomes: (KvError | null)[] = []
    for (let i = 0; i < limits.pendingReadsMax + 10; i++)
      leader.range.read('linearizable', (error) => outcomes.push(error))
    expect(outcomes).toHaveLength(10)
    expect(outcomes[0]).toMatchObject({ code: 'TryLater' })
    await until(() => outcomes.length === limits.pendingReadsMax + 10, 'all reads end')
    expect(outcomes.every((error) => error !== null)).toBe(true)
    c.heal()
    await c.put('k', 'v')
    expect(await c.get('k')).toBe('v')
  })
})

describe('disks', () => {
  test('on a nearly full disk writes are refused, reads go on, and leadership moves to a store with room', async () => {
    const c = await serve(3)
    await c.put('k', 'v')
    const leader = await c.leader()
    leader.lowSpace = true
    expect(await putAt(leader, 'k', 'w')).toMatchObject({ code: 'NoSpace', applied: 'no' })
    expect(await getAt(leader, 'k')).toBe('v')
    await until(() => !leader.range.isLeader, 'it hands over')
    await c.put('k', 'w')

    // Nowhere is room: reads go on, and writes as soon as there is some.
    for (const node of c.nodes) node.lowSpace = true
    expect(await c.get('k')).toBe('w')
    expect(await putAt(await c.leader(), 'k', 'x')).toMatchObject({ code: 'NoSpace' })
    for (const node of c.nodes) node.lowSpace = false
    await c.put('k', 'x')
  })

  test('behind a failed write nothing is acknowledged any more, of that store; the others go on', async () => {
    const disks = new Map<string, { log: MemoryDisk; data: MemoryDisk }>()
    const c = await serve(3, {
      openStorage: (node, onPoison) => {
        const disk = disks.get(node.name) ?? { log: new MemoryDisk(), data: new MemoryDisk() }
        disks.set(node.name, disk)
        return openMemoryStorage(disk, { cluster: 'test', onPoison }, { clock, timers, log: silentLog })
      },
    })
    await c.put('k', 'v')
    const leader = await c.leader()
    disks.get(leader.name)!.log.beforeWrite = () => false
    let answer: KvError | null | undefined
    void putAt(leader, 'k', 'w').then((error) => (answer = error))
    await until(() => leader.poisoned, 'the store is poisoned')
    expect(leader.poisoned?.code).toBe('StorageFailed')
    // In a node the process ends here.
    leader.up = false
    const next = await c.leader()
    await until(async () => (await putAt(next, 'k2', 'v')) === null, 'the others take writes')
    expect(answer).not.toBeNull()
    await leader.store.close()
    expect(answer).toMatchObject({ applied: 'unknown' })
  })

  test('while the data disk stands still, reads wait for what they must see, and memory is bounded', async () => {
    const disks = new Map<string, { log: MemoryDisk; data: MemoryDisk }>()
    const c = await serve(1, {
      openStorage: (node, onPoison) => {
        const disk = { log: new MemoryDisk(), data: new MemoryDisk() }
        disks.set(node.name, disk)
        const options = { cluster: 'test', onPoison, flushBytesMax: 64 * 1024, flushBytesSoft: 1024, flushAgeMs: 1 }
        return openMemoryStorage(disk, options, { clock, timers, log: silentLog })
      },
    })
    const value = 'x'.repeat(1024)
    const writes = Array.from({ length: 2_000 }, (_, i) => putAt(c.nodes[0]!, `k${i}`, `${i}${value}`))
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, c.nodes[0]!.storage.data.pendingBytes)), 0)
    expect((await Promise.all(writes)).every((error) => error === null)).toBe(true)
    clearInterval(watch)
    // One entry may go over the bound.
    expect(most).toBeLessThan(2 * limits.entryBytesMax)
    expect(await c.get('k1999')).toBe(`1999${value}`)
  })
})

describe('callers', () => {
  test('what one of them throws harms nobody else in the same turn', async () => {
    const c = await serve(1)
    const [node] = c.nodes as [TestNode]
    const thrown: unknown[] = []
    const original = globalThis.queueMicrotask
    globalThis.queueMicrotask = (run) =>
      original(() => {
        try {
          run()
        } catch (error) {
          thrown.push(error)
        }
      })
    try {
      const bad = () => {
        throw new Error('a bug in a caller')
      }
      node.range.propose(KvCommand.put, commands.put('bad', '1'), bad)
      const good = putAt(node, 'good', '1')
      node.range.read('linearizable', bad)
      expect(await good).toBeNull()
      expect(await getAt(node, 'good')).toBe('1')
      await until(() => thrown.length === 2, 'it is not swallowed')
    } finally {
      globalThis.queueMicrotask = original
    }
    expect(await putAt(node, 'after', '1')).toBeNull()
    expect(await getAt(node, 'bad')).toBe('1')
  })

  test('a change of members, a read and a write end when their store closes', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    c.isolate(leader)
    const ended = Promise.allSettled([
      leader.range.changeReplicas({ voters: [leader.id], learners: [] }),
      getAt(leader, 'k'),
      putAt(leader, 'k', 'v'),
      leader.range.nextTurn(),
    ])
    await leader.stop()
    expect((await ended).map((one) => one.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'rejected'])
    await expect(leader.range.nextTurn()).rejects.toMatchObject({ code: 'TryLater' })
  })
})
