import { afterEach, describe, expect, test } from '@jest/globals'
import type { RangeId } from '@base-kv/base'
import { type ClusterOptions, startServing, type TestCluster, until } from './cluster.ts'
import { KeyLoad, leaderOf, mergeAt, put, rangeAt, splitAt, starts, whole } from './many-ranges.ts'

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
