import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
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

  test('a stream that breaks in the middle leaves the old state, and is pulled anew', async () => {
    const c = await serve(3, eager)
    await c.put('old', '1')
    await c.alike()
    const late = c.follower(await c.leader())
    await late.stop()
    // Several chunks.
    for (let i = 0; i < 8; i++) await c.put(`large-${i}`, 'x'.repeat(200 * 1024))
    await fill(c, 100, 'a')
    await logIsCut(c, late)
    let broken = 0
    c.onChunk = (_from, _to, count) => {
      if (count === 4 && broken < 2) {
        broken++
        throw new KvError('OutcomeUnknown', 'the stream broke')
      }
    }
    await late.start()
    await until(() => broken === 1, 'it breaks')
    expect(await getAt(late, 'old', 'stale')).toBe('1')
    expect(await getAt(late, 'large-0', 'stale')).toBeUndefined()
    await c.alike()
    expect(broken).toBe(2)
    expect(c.pulls).toBeGreaterThanOrEqual(3)
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
    const stream = range.sendSnapshot(range.describe().applied)
    // Never read: nothing is held.
    expect(range.snapshotsOut).toBe(0)
    await stream.next()
    expect(range.snapshotsOut).toBe(1)
    const held = range.describe().applied
    await fill(c, 100, 'b')
    expect(range.describe().snapshotIndex).toBeLessThanOrEqual(held)
    await stream.return(undefined)
    expect(range.snapshotsOut).toBe(0)
    await until(() => range.describe().snapshotIndex > held, 'the log is cut')

    // What is given up from here is never taken for a whole snapshot.
    const cut = range.sendSnapshot(range.describe().applied)
    await cut.next()
    const stopped = node.stop()
    await expect(
      (async () => {
        for await (const part of cut) void part
      })(),
    ).rejects.toMatchObject({ code: 'TryLater' })
    await stopped
  })

  test('a store sends so many snapshots at once, and refuses more', async () => {
    const c = await serve(1)
    const [node] = c.nodes as [TestNode]
    await c.put('k', 'v')
    const { range } = node
    const request = { replica: range.self.replica, indexMin: 1 } as unknown as v1.PullSnapshotRequest
    const pull = () => node.store.sendSnapshot(request, range.id)[Symbol.asyncIterator]()
    const streams = [pull(), pull(), pull(), pull()]
    for (const stream of streams) await stream.next()
    expect(pull).toThrow('already')
    await streams[0]!.return?.()
    const fifth = pull()
    await fifth.next()
    for (const stream of [...streams, fifth]) await stream.return?.()
    expect(range.snapshotsOut).toBe(0)
  })
})
