import { afterEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import {
  type Boundary,
  KvError,
  logIndex,
  parseRangeId,
  type RangeId,
  rangeId,
  replicaId,
  storeId,
  term,
} from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { initialConfig } from '@base-kv/raft'
import { encodeState, firstState } from '@base-kv/range'
import { openStorage } from '@base-kv/storage'
import { type ClusterOptions, getAt, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { eager, fill, logIsCut } from './operator.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

describe('snapshots', () => {
  test('a follower behind the cut log is refilled while writes go on', async () => {
    const c = await serve(3, eager)
    const late = c.follower(await c.leader())
    await late.stop()
    await fill(c, 400, 'a')
    await logIsCut(c, late)
    await late.start()
    let writing = true
    const writes = (async () => {
      for (let i = 0; writing; i++) await c.put(`during-${i}`, 'v')
    })()
    await until(() => late.logged('installed a snapshot'), 'a snapshot')
    writing = false
    await writes
    await c.alike()
  })

  test('a pull that breaks off leaves the old state, and goes on behind what is durable', async () => {
    const c = await serve(3, patient)
    await c.put('old', '1')
    await c.alike()
    const late = await leftBehind(c)
    let chunks = 0
    const broken: number[] = []
    c.onChunk = () => {
      // Nearly at the end of the second pull, and shortly behind the beginning of the third one.
      if (++chunks !== 9 && chunks !== 12) return
      broken.push(chunks)
      throw new KvError('OutcomeUnknown', 'the stream broke')
    }
    await late.start()
    await until(() => broken.length > 0, 'it breaks')
    expect(await getAt(late, 'old', 'stale')).toBe('1')
    expect(await getAt(late, 'large-0', 'stale')).toBeUndefined()
    await c.alike()
    expect(broken).toEqual([9, 12])
    expect(resumes(late).slice(-3)).toEqual([false, true, true])
    // The head each time, and each chunk of pairs once, those that were lost twice; then the end.
    const whole = chunks - 2 - 2 - 2
    expect(await chunksOfAll(c)).toBe(whole)
    expect((await c.leader()).range.snapshotsOut.count).toBe(0)
  })

  test('a connection that is cut for a while in the middle goes on at the same view, under load', async () => {
    const c = await serve(3, patient)
    const late = await leftBehind(c)
    const leader = await c.leader()
    let chunks = 0
    c.onChunk = () => {
      if (++chunks !== 6) return
      c.cut(leader, late)
      c.cut(late, leader)
    }
    await late.start()
    await until(() => late.logged('could not pull a snapshot'), 'it breaks off')
    const { applied } = leader.range.describe()
    await fill(c, 40, 'meanwhile')
    c.heal()
    await c.alike()
    expect(resumes(late)).toContain(true)
    expect(installs(late).find((index) => index > 1)).toBeLessThanOrEqual(applied)
  })

  test('a damaged chunk is refused, and fetched again', async () => {
    const c = await serve(3, patient)
    const late = await leftBehind(c)
    let chunks = 0
    c.mutateChunk = (chunk) => {
      if (++chunks === 5) chunk.pairs = flipped(chunk.pairs)
    }
    await late.start()
    await c.alike()
    expect(late.lines.find(({ message }) => message === 'could not pull a snapshot')?.fields.error).toContain(
      'checksum',
    )
    expect(resumes(late).slice(-2)).toEqual([false, true])
  })

  test('a sender that dies in the middle is replaced by the next leader, from the beginning', async () => {
    const c = await serve(3, patient)
    const late = await leftBehind(c)
    const leader = await c.leader()
    const died: Promise<void>[] = []
    let chunks = 0
    c.onChunk = (from) => {
      if (from === leader && ++chunks === 5) died.push(leader.crash())
    }
    await late.start()
    await until(() => died.length > 0, 'it dies')
    await died[0]
    const next = await c.leader(() => c.running.filter((node) => node !== leader))
    expect(next).not.toBe(leader)
    await until(() => late.logged('installed a snapshot'), 'a snapshot')
    await c.alike()
    expect(resumes(late).slice(0, 2)).toEqual([false, false])
  })

  test('a view that has gone meanwhile is not gone on with', async () => {
    const c = await serve(3, patient)
    const late = await leftBehind(c)
    const leader = await c.leader()
    let chunks = 0
    c.onChunk = () => {
      if (++chunks !== 6) return
      c.cut(leader, late)
      c.cut(late, leader)
    }
    await late.start()
    await until(
      () => late.logged('could not pull a snapshot') && leader.range.snapshotsOut.idleSinceMs !== null,
      'it idles',
    )
    const { applied } = leader.range.describe()
    await fill(c, 40, 'meanwhile')
    leader.range.snapshotsOut.dropIdle()
    c.heal()
    await c.alike()
    expect(resumes(late)).toContain(true)
    // It asked for the rest, and got a whole one.
    expect(installs(late).find((index) => index > 1)).toBeGreaterThan(applied)
  })

  test('takes the place of older replicas inside its boundary at once, and leaves newer ones alone', async () => {
    const c = await serve(3, patient)
    await c.put('k', 'v')
    await c.alike()
    const leader = await c.leader()
    const late = c.follower(leader)
    await late.stop()
    await leader.range.split(Buffer.from('x'))
    await leaveBehind(c, late)
    // As left over from ranges that were split off and absorbed while this store was away.
    const older = rangeId(parseRangeId(leader.range.id)!.epoch, 77n)
    const newer = rangeId(parseRangeId(older)!.epoch, 78n)
    await holdReplica(late, older, { boundary: { start: Buffer.from('b'), end: Buffer.from('d') }, high: 0 })
    await holdReplica(late, newer, { boundary: { start: Buffer.from('e'), end: Buffer.from('f') }, high: 9 })
    await late.start()
    expect(late.store.range(older)).toBeDefined()
    await until(() => late.logged('a snapshot replaces older ranges'), 'a snapshot takes its place')
    await c.alike()
    expect([late.store.range(older), late.storage.data.has(older), late.storage.log.tombstone(older)]).toEqual([
      undefined,
      false,
      1,
    ])
    expect(late.store.range(newer)?.boundary?.start).toEqual(Buffer.from('e'))
    expect(late.store.rangeOf(Buffer.from('c'))).toBe(late.range)
    await late.stop()
    await late.start()
    expect(late.store.range(older)).toBeUndefined()
    expect(late.store.range(newer)).toBeDefined()
  })

  test('a sender that falls silent holds up neither a stop nor a new start', async () => {
    const c = await serve(3, eager)
    const late = c.follower(await c.leader())
    await late.stop()
    await fill(c, 100, 'a')
    await logIsCut(c, late)
    let silent = true
    let asked = false
    c.onChunk = () => {
      asked = true
      return silent ? new Promise(() => {}) : undefined
    }
    await late.start()
    await until(() => asked, 'it pulls')
    await late.stop()
    silent = false
    await late.start()
    await c.alike()
  })

  test('a puller that vanishes neither keeps a read view open nor the log from being cut', async () => {
    const c = await serve(1, eager)
    const [node] = c.nodes as [TestNode]
    await fill(c, 40, 'a')
    const { range } = node
    const stream = range.sendSnapshot({ indexMin: range.describe().applied, resume: null })
    // Never read: nothing is held.
    expect(range.snapshotsOut.count).toBe(0)
    await stream.next()
    expect(range.snapshotsOut.count).toBe(1)
    const held = range.describe().applied
    await fill(c, 100, 'b')
    expect(range.describe().snapshotIndex).toBeLessThanOrEqual(held)
    await stream.return(undefined)
    await until(() => range.snapshotsOut.count === 0, 'nobody is waited for any more')
    await until(() => range.describe().snapshotIndex > held, 'the log is cut')

    // What is given up from here is never taken for a whole snapshot.
    const cut = range.sendSnapshot({ indexMin: range.describe().applied, resume: null })
    await cut.next()
    const stopped = node.stop()
    await expect(
      (async () => {
        for await (const part of cut) void part
      })(),
    ).rejects.toMatchObject({ code: 'TryLater' })
    await stopped
  })

  test('a store keeps so many read views; one that nobody reads makes room, one that is read does not', async () => {
    const c = await serve(1, patient)
    const [node] = c.nodes as [TestNode]
    await c.put('k', 'v')
    const { range } = node
    const request = v1.PullSnapshotRequest.decode(
      v1.PullSnapshotRequest.encode({ replica: range.self.replica, indexMin: 1 }).finish(),
    )
    const pull = () => node.store.sendSnapshot(request, range.id)[Symbol.asyncIterator]()
    const streams = [pull(), pull(), pull(), pull()]
    for (const stream of streams) await stream.next()
    expect(pull).toThrow('already')
    await streams[0]!.return?.()
    expect(range.snapshotsOut.count).toBe(4)
    const fifth = pull()
    await fifth.next()
    expect([range.snapshotsOut.count, range.snapshotsOut.idleSinceMs]).toEqual([4, null])
    for (const stream of [...streams, fifth]) await stream.return?.()
  })
})

/** Waits a little for who is behind, and keeps views as long. */
const patient: ClusterOptions = { ...eager, compaction: { ...eager.compaction, patienceMs: 1_500 } }

/** A follower that was stopped, and now needs a snapshot of several chunks. */
async function leftBehind(c: TestCluster): Promise<TestNode> {
  const late = c.follower(await c.leader())
  await late.stop()
  await leaveBehind(c, late)
  return late
}

async function leaveBehind(c: TestCluster, late: TestNode): Promise<void> {
  // One chunk each.
  for (let i = 0; i < 14; i++) await c.put(`large-${i}`, 'x'.repeat(260 * 1024))
  await fill(c, 100, 'a')
  await until(async () => {
    // A group in which nothing happens falls asleep, and cuts nothing.
    await c.put('awake', 'yes')
    const { id, snapshotIndex } = (await c.leader()).range.describe()
    return snapshotIndex > late.storage.log.lastIndex(id)
  }, 'the log is cut')
}

/** Of each pull whether it asked to go on. */
const resumes = (node: TestNode) =>
  node.lines.filter(({ message }) => message === 'pulls a snapshot').map(({ fields }) => fields.resumes)

/** Puts a replica with data of a group that is nowhere else on the disk of a stopped node. */
async function holdReplica(
  node: TestNode,
  id: RangeId,
  { boundary, high }: { readonly boundary: Boundary; readonly high: number },
): Promise<void> {
  const storage = await openStorage(
    { directory: node.folder, cluster: 'test', onPoison: () => {}, ballastBytes: 0 },
    node.doors,
  )
  const config = initialConfig([node.id, storeId(randomUUID()), storeId(randomUUID())])
  const at = { index: logIndex(1), term: term(1) }
  await storage.createReplica(id, {
    replica: replicaId(1),
    hardState: { term: term(1), vote: null, commit: logIndex(1) },
    snapshot: { ...at, config },
    data: {
      boundary,
      applied: at,
      state: encodeState({ ...firstState(config), boundary, ver: { high, low: 0 }, confirmed: true }),
    },
  })
  await storage.close()
}

/** The indexes of the snapshots that it has put in place; 1 is where its group began. */
const installs = (node: TestNode) =>
  node.lines.filter(({ message }) => message === 'installed a snapshot').map(({ fields }) => Number(fields.index))

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}

/** Chunks of pairs that a whole snapshot of the leader has. */
async function chunksOfAll(c: TestCluster): Promise<number> {
  const { range } = await c.leader()
  let chunks = 0
  for await (const part of range.sendSnapshot({ indexMin: range.describe().applied, resume: null })) {
    if ('pairs' in part) chunks++
  }
  return chunks
}
