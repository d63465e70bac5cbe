import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, rangeIdFromBytes } from '@base-kv/base'
import { MessageType } from '@base-kv/raft'
import { type ClusterOptions, ELECTION_MS, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { get, KeyLoad, leaderOf, put, rangeAt, splitAt, starts, whole } from './many-ranges.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

const bytes = (key: string) => Buffer.from(key)
const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')

describe('a split', () => {
  test('gives two ranges over the same keys, both written and read at once, with the same leader', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    const left = await leaderOf(c, 'a')
    const right = await splitAt(c, 'm')
    expect((await leaderOf(c, 'z')).range.id).toBe(right)
    await put(c, 'z', '2')
    await put(c, 'l', '2')
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${key === 'z' || key === 'l' ? 2 : 1}`))
    expect((await leaderOf(c, 'z')).node).toBe(left.node)
    for (const node of c.nodes) {
      expect(starts(node)).toEqual(['', 'm'])
      expect([rangeAt(node, 'a')!.ver, rangeAt(node, 'z')!.ver]).toEqual([
        { high: 1, low: 0 },
        { high: 1, low: 0 },
      ])
    }
  })

  test('survives a restart of everybody', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    await splitAt(c, 'm')
    await splitAt(c, 't')
    await Promise.all(c.nodes.map((node) => node.crash()))
    for (const node of c.nodes) await node.start()
    await put(c, 'm', '2')
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${key === 'm' ? 2 : 1}`))
  })

  test('of a single store works too', async () => {
    const c = await serve(1)
    await put(c, 'a', '1')
    await put(c, 'z', '1')
    await splitAt(c, 'm')
    await put(c, 'z', '2')
    expect(await whole(c)).toEqual(['a=1', 'z=2'])
  })
})
