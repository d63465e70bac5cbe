import { afterEach, describe, expect, test } from '@jest/globals'
import { parseRangeId, type RangeId, rangeId } from '@base-kv/base'
import type { RangeVersion } from '@base-kv/landscape'
import { type ClusterOptions, startServing, type TestCluster, until } from './cluster.ts'
import { KeyLoad, lead, leaderOf, mergeAt, put, rangeAt, splitAt, starts, whole } from './many-ranges.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')

/** Nothing of that range is left anywhere, on disk either. */
const isGone = (c: TestCluster, id: RangeId) =>
  until(
    () =>
      c.running.every(
        ({ store, storage }) =>
          store.range(id) === undefined && !storage.data.has(id) && storage.log.tombstone(id) !== undefined,
      ),
    'nothing of the absorbed range is left',
  )

describe('a merge', () => {
  test('gives one range over the keys of both, written and read at once', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    const right = await splitAt(c, 'm')
    await put(c, 'a', '2')
    await put(c, 'z', '2')
    const left = (await leaderOf(c, 'a')).range.id
    expect(await mergeAt(c, 'm')).toEqual({ high: 2, low: 0 })
    await put(c, 'b', '3')
    await put(c, 'y', '3')
    const values: Record<string, number> = { a: 2, z: 2, b: 3, y: 3 }
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${values[key] ?? 1}`))
    for (const node of c.nodes) {
      expect(starts(node)).toEqual([''])
      expect(rangeAt(node, 'z')).toMatchObject({ id: left, ver: { high: 2, low: 0 } })
    }
    await isGone(c, right)
  })
})

describe('a merge of ranges', () => {
  test('of a single store works too', async () => {
    const c = await serve(1)
    await put(c, 'a', '1')
    await put(c, 'z', '1')
    const right = await splitAt(c, 'm')
    await mergeAt(c, 'm')
    await put(c, 'z', '2')
    expect(await whole(c)).toEqual(['a=1', 'z=2'])
    await isGone(c, right)
  })

  test('that are led by different stores works where they are', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    await splitAt(c, 'm')
    const left = await leaderOf(c, 'a')
    await lead(
      c,
      'm',
      c.nodes.find((node) => node !== left.node)!,
    )
    await mergeAt(c, 'm')
    expect((await leaderOf(c, 'm')).range.id).toBe(left.range.id)
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=1`))
  })

  test('that sleep wakes them', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    await splitAt(c, 'm')
    await until(() => c.nodes.every(({ store }) => store.awakeCount === 0), 'both sleep')
    await mergeAt(c, 'm')
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=1`))
    await until(() => c.nodes.every(({ store }) => store.awakeCount === 0), 'the merged one falls asleep')
  })

  test('survives a restart of everybody, and goes on being split and merged', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    for (const key of ['m', 't']) await splitAt(c, key)
    await mergeAt(c, 't')
    await Promise.all(c.nodes.map((node) => node.crash()))
    for (const node of c.nodes) await node.start()
    await splitAt(c, 'p')
    await mergeAt(c, 'm')
    await mergeAt(c, 'p')
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=1`))
    expect(starts(c.nodes[0]!)).toEqual([''])
  })
})

describe('what is refused', () => {
  test('ranges that do not meet, other epochs, itself, old versions, who does not lead: nothing changes', async () => {
    const c = await serve(3)
    for (const key of ['g', 'm', 't']) await splitAt(c, key)
    const [a, g, m] = await Promise.all(['a', 'g', 'm'].map((key) => leaderOf(c, key)))
    const before = c.nodes.map((node) => node.store.describe().ranges.map(({ id, ver, state }) => [id, ver, state]))
    const store = (one: typeof a) => one!.node.store
    const other = rangeId((parseRangeId(g!.range.id)?.epoch ?? 0n) + 1n, 1n)
    const cases: [left: typeof a, right: RangeId, ver: RangeVersion | undefined, code: string][] = [
      [a, m!.range.id, undefined, 'BadRequest'],
      [g, a!.range.id, undefined, 'BadRequest'],
      [a, a!.range.id, undefined, 'BadRequest'],
      [a, other, undefined, 'BadRequest'],
      [a, rangeId(parseRangeId(g!.range.id)?.epoch ?? 0n, 1n), undefined, 'TryLater'],
      [a, g!.range.id, { high: 0, low: 7 }, 'BadVersion'],
    ]
    for (const [left, right, ver, code] of cases) {
      await expect(store(left).merge(left!.range, right, ver)).rejects.toMatchObject({ code })
    }
    const follower = c.nodes.find((node) => node !== a!.node)!
    const replica = rangeAt(follower, 'a')!
    await expect(follower.store.merge(replica, g!.range.id)).rejects.toMatchObject({ code: 'TryLater' })
    expect(c.nodes.map((node) => node.store.describe().ranges.map(({ id, ver, state }) => [id, ver, state]))).toEqual(
      before,
    )
  })

  test('while the members of either change, or differ', async () => {
    const c = await serve(3)
    await splitAt(c, 'm')
    const { node, range: left } = await leaderOf(c, 'a')
    const { range: right } = await leaderOf(c, 'z')
    const learner = await c.add('d').start()
    let held = true
    c.passes = ({ to }) => !(held && to === learner)
    const voters = c.nodes.map(({ id }) => id)
    for (const range of [left, right]) {
      const changed = range.changeReplicas({ voters, learners: [] })
      changed.catch(() => {})
      await until(() => range.members.length === 4, 'the learner is in')
      await expect(node.store.merge(left, right.id)).rejects.toMatchObject({ code: 'TryLater' })
      held = false
      await changed
      held = range === left
      if (range === left) await expect(node.store.merge(left, right.id)).rejects.toMatchObject({ code: 'TryLater' })
    }
    await mergeAt(c, 'm')
    await until(() => starts(learner).length === 1, 'the new member has merged too')
  })
})

describe('under load', () => {
  test('splits and merges lose nothing, double nothing, and no read goes back', async () => {
    const c = await serve(3)
    const load = new KeyLoad(c, letters)
    for (const key of ['m', 't', 'g', 'm', 'g', 'c']) {
      const before = load.writes
      await splitAt(c, key)
      await until(() => load.writes > before + 50, 'the load goes on')
      await mergeAt(c, key)
      await until(() => load.writes > before + 100, 'the load goes on')
    }
    await load.stop()
    expect(load.unknown).toBe(0)
    expect(starts(c.nodes[0]!)).toEqual([''])
    await whole(c)
  })
})
