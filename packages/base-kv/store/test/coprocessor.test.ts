/** What a range promises to the service on it, with a service that is not kv-store. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { KvError } from '@base-kv/base'
import { clientIdFromBytes, type Range, type Stamp } from '@base-kv/range'
import { type ClusterOptions, startServing, type TestCluster, type TestNode, text, until } from './cluster.ts'
import { leaderOf, mergeAt, rangeAt, splitAt, starts } from './many-ranges.ts'
import { eager } from './operator.ts'
import { GET, Records, SET, SET_REFUSED, setCommand, type Told } from './records.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())

/** What each coprocessor of a node was told, in the order in which they were made. */
const told = new Map<TestNode, Told[][]>()
const toldAt = (node: TestNode): Told[][] => told.get(node) ?? []

async function serve(count: number, options: ClusterOptions = {}): Promise<TestCluster> {
  told.clear()
  const makeCoprocessor = (node: TestNode) => {
    const mine: Told[] = []
    told.set(node, [...toldAt(node), mine])
    return new Records(mine)
  }
  return (cluster = await startServing(count, { ...options, makeCoprocessor }))
}

function setAt(range: Range, id: string, value: string, kind = SET): Promise<KvError | null> {
  return new Promise((resolve) => range.propose(kind, setCommand(id, value), (error) => resolve(error)))
}

async function set(c: TestCluster, id: string, value: string): Promise<void> {
  await until(async () => {
    const { range } = await leaderOf(c, `${id}/a`)
    const error = await setAt(range, id, value)
    if (error && error.applied !== 'no') throw error
    return error === null
  }, `set ${id}`)
}

/** Leaders stay, however busy the machine is. */
const steady: ClusterOptions = { raft: { electionTimeoutMs: 3_000, heartbeatIntervalMs: 100 } }

const hooks = (list: readonly Told[]) => list.filter(({ what }) => what === 'hook')
const hookIds = (list: readonly Told[]) => hooks(list).map(({ id }) => id)
const factAt = (node: TestNode, key: string) =>
  text(node.store.describe().ranges.find(({ id }) => id === rangeAt(node, key)?.id)?.fact)

describe('commit hooks', () => {
  test('run on every replica once, in the order of the log, with the state visible and before the answer', async () => {
    const c = await serve(3, steady)
    const { node: leader, range } = await leaderOf(c, 'a')
    const mine = toldAt(leader)[0]!
    const ids = Array.from({ length: 50 }, (_, i) => `r${i}`)
    await Promise.all(
      ids.map((id) =>
        setAt(range, id, `v${id}`).then((error) => {
          expect(error).toBeNull()
        }),
      ),
    )
    // The answer is told in the same turn as the hook, and behind it.
    await new Promise<void>((resolve) =>
      range.propose(SET, setCommand('last', 'x'), () => {
        mine.push({ what: 'answer', id: 'last' })
        resolve()
      }),
    )
    expect(mine.slice(-2).map(({ what, id }) => `${what} ${id}`)).toEqual(['hook last', 'answer last'])
    for (const node of c.nodes) {
      await until(() => hooks(toldAt(node)[0]!).length >= 51, 'the hooks have run')
      const ran = hooks(toldAt(node)[0]!)
      expect(ran.map(({ id }) => id)).toEqual([...ids, 'last'])
      for (const { id, seen } of ran) expect(seen).toBe(id === 'last' ? 'x' : `v${id}`)
      const indexes = ran.map(({ committed }) => committed!.index)
      expect(indexes).toEqual([...indexes].sort((a, b) => a - b))
      expect(new Set(ran.map(({ committed }) => committed!.isLeader))).toEqual(new Set([node === leader]))
    }
  })

  test('of a refused command and of a retry do not run', async () => {
    const c = await serve(3)
    const { node, range } = await leaderOf(c, 'a')
    expect(await setAt(range, 'no', '1', SET_REFUSED)).toMatchObject({ code: 'BadRequest' })
    const client = clientIdFromBytes(Buffer.alloc(16, 7))!
    const stamp: Stamp = { client, sequence: 1, seen: 0, isRetry: false }
    const once = () =>
      new Promise<KvError | null>((resolve) => range.propose(SET, setCommand('yes', '1'), (e) => resolve(e), stamp))
    expect(await once()).toBeNull()
    expect(await once()).toBeNull()
    expect(hookIds(toldAt(node)[0]!)).toEqual(['yes'])
  })

  test('tell who leads when they run: after a transfer it is the other one', async () => {
    const c = await serve(3, steady)
    const { node: before, range } = await leaderOf(c, 'a')
    await set(c, 'one', '1')
    const next = c.nodes.find((node) => node !== before)!
    range.transferLeader(next.id)
    await until(() => rangeAt(next, 'a')?.isLeader, 'it leads')
    await set(c, 'two', '2')
    await until(() => hookIds(toldAt(before)[0]!).includes('two'), 'the former leader has applied it')
    const led = (node: TestNode) => hooks(toldAt(node)[0]!).map(({ id, committed }) => `${id} ${committed!.isLeader}`)
    expect(led(before)).toEqual(['one true', 'two false'])
    expect(led(next)).toEqual(['one false', 'two true'])
  })

  test('run again after a kill for what was not on disk yet, and never for what was', async () => {
    const c = await serve(1, { storage: { flushAgeMs: 60_000 } })
    const [node] = c.nodes as [TestNode]
    await set(c, 'flushed', '1')
    await node.storage.data.flushNow()
    await set(c, 'applied', '1')
    await node.crash()
    await node.start()
    await set(c, 'new', '1')
    const [first, second] = toldAt(node)
    expect(hookIds(first!)).toEqual(['flushed', 'applied'])
    expect(hookIds(second!)).toEqual(['applied', 'new'])
    expect(second![0]).toMatchObject({ what: 'open' })
  })
})

describe('reset', () => {
  test('comes first when a replica opens, with its pairs readable, and close last', async () => {
    const c = await serve(3)
    await set(c, 'a', '1')
    const follower = c.follower(await c.leader())
    await until(() => factAt(follower, 'a') === '1', 'applied there')
    await follower.stop()
    // A replica that began without data was filled by a snapshot.
    const [, ...rest] = toldAt(follower)[0]!
    expect(['open', 'snapshot']).toContain(toldAt(follower)[0]![0]!.what)
    expect(rest.at(-1)).toEqual({ what: 'close' })
    expect(rest.filter(({ what }) => what === 'open' || what === 'snapshot')).toEqual([])
    await follower.start()
    await until(() => factAt(follower, 'a') === '1', 'counted from its pairs')
    expect(toldAt(follower)[1]![0]).toEqual({ what: 'open', start: '', end: '' })
  })

  test('comes with a snapshot in place of the hooks of what is in it', async () => {
    const c = await serve(3, eager)
    const leader = await c.leader()
    const late = c.follower(leader)
    await set(c, 'before', '1')
    await late.stop()
    for (let i = 0; i < 60; i++) await set(c, `r${i}`, 'x'.repeat(300))
    await until(() => leader.store.describe().ranges[0]!.snapshotIndex > 40, 'the log is cut')
    await late.start()
    await until(() => factAt(late, 'a') === '61', 'it has counted all')
    const [, after] = toldAt(late)
    expect(after!.map(({ what }) => what)).toContain('snapshot')
    expect(hooks(after!).length).toBeLessThan(60)
  })

  test('comes to both halves of a split, each with its boundary; what was published of the whole is gone', async () => {
    const c = await serve(3)
    for (const id of ['a', 'b', 'x', 'y', 'z']) await set(c, id, '1')
    await splitAt(c, 'm')
    for (const node of c.nodes) {
      await until(() => starts(node).length === 2, 'both halves are there')
      await until(() => factAt(node, 'a') === '2' && factAt(node, 'x') === '3', 'both have counted')
      // Of those that were told anything: one may have voted in the right half before it came to the split.
      const [left, right] = toldAt(node).filter((list) => list.length > 0)
      expect(left!.filter(({ what }) => what === 'split')).toEqual([{ what: 'split', start: '', end: 'm' }])
      expect(right![0]).toEqual({ what: 'open', start: 'm', end: '' })
    }
  })
  test('comes to the left half of a merge with the whole boundary; the coprocessor of the right one ends', async () => {
    const c = await serve(3)
    for (const id of ['a', 'b', 'x', 'y', 'z']) await set(c, id, '1')
    await splitAt(c, 'm')
    await set(c, 'w', '1')
    await until(() => c.nodes.every((node) => factAt(node, 'w') === '4'), 'the right half is counted')
    await mergeAt(c, 'm')
    for (const node of c.nodes) {
      await until(() => factAt(node, 'w') === '6', 'all are counted')
      const [left, right] = toldAt(node).filter((list) => list.length > 0)
      expect(left!.at(-1)).toEqual({ what: 'merge', start: '', end: '' })
      await until(() => right!.at(-1)!.what === 'close', 'the right one has ended')
    }
    await set(c, 'v', '1')
    await until(() => c.nodes.every((node) => factAt(node, 'a') === '7'), 'the hooks keep the count')
  })
})

describe('a split key', () => {
  test('never parts what belongs together', async () => {
    const c = await serve(3)
    for (const id of ['a', 'm', 'z']) await set(c, id, id)
    await splitAt(c, 'm/b')
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
    for (const id of ['a', 'm', 'z']) {
      const { range } = await leaderOf(c, `${id}/a`)
      await new Promise<void>((resolve, reject) => range.read('linearizable', (e) => (e ? reject(e) : resolve())))
      expect(text(await range.query(GET, Buffer.from(id)))).toBe(`${id},${id}`)
    }
  })

  test('that the service moves onto the boundary, or out of it, is refused and changes nothing', async () => {
    const c = await serve(3)
    await splitAt(c, 'm')
    const { range } = await leaderOf(c, 'm/a')
    // In front of the record m is the first key.
    await expect(range.split(Buffer.from('m/b'))).rejects.toMatchObject({ code: 'BadRequest' })
    const proto = Records.prototype
    const aligned = proto.toSplitKey
    try {
      for (const moved of [null, Buffer.from(''), Buffer.from('a'), Buffer.from('m'), Buffer.alloc(20_000, 'z')]) {
        proto.toSplitKey = () => moved
        await expect(range.split(Buffer.from('p'))).rejects.toMatchObject({ code: 'BadRequest' })
      }
    } finally {
      proto.toSplitKey = aligned
    }
    expect(range.ver).toEqual({ high: 1, low: 0 })
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
  })
})

test('a fact that changes is seen in the descriptor at once', async () => {
  const c = await serve(3)
  const { node } = await leaderOf(c, 'a')
  for (let i = 1; i <= 5; i++) {
    await set(c, `r${i}`, '1')
    expect(factAt(node, 'a')).toBe(String(i))
  }
})
