import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, rangeIdFromBytes } from '@base-kv/base'
import { KvCoprocessor } from '@base-kv/kv-store'
import { MessageType } from '@base-kv/raft'
import { MemoryDisk, openMemoryStorage, type StoreIdentity } from '@base-kv/storage'
import { type ClusterOptions, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { KeyLoad, leaderOf, put, rangeAt, splitAt, starts, whole } from './many-ranges.ts'

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

describe('what is refused', () => {
  test('keys that leave nothing on one side, or lie elsewhere, change nothing', async () => {
    const c = await serve(3)
    await splitAt(c, 'm')
    const { range } = await leaderOf(c, 'a')
    const right = (await leaderOf(c, 'm')).range
    const refused = async (which: typeof range, key: Uint8Array, what: RegExp) => {
      await expect(which.split(key)).rejects.toMatchObject({ code: 'BadRequest', message: expect.stringMatching(what) })
    }
    await refused(range, bytes(''), /empty/)
    await refused(range, bytes('m'), /outside/)
    await refused(range, bytes('z'), /outside/)
    await refused(right, bytes('m'), /left half would be empty/)
    await refused(right, bytes('a'), /outside/)
    await refused(range, Buffer.alloc(16 * 1024 + 1, 'a'), /limit/)
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
    expect(range.ver).toEqual({ high: 1, low: 0 })
  })

  test('an old version, and two at once', async () => {
    const c = await serve(3)
    const { range } = await leaderOf(c, 'a')
    const ver = range.ver
    await expect(range.split(bytes('m'), { high: 0, low: 7 })).rejects.toMatchObject({ code: 'BadVersion' })
    // One at a time; and when that one is done, its version is not what it was.
    const [first, second] = await Promise.allSettled([range.split(bytes('m'), ver), range.split(bytes('c'), ver)])
    expect(first).toMatchObject({ status: 'fulfilled' })
    expect(second).toMatchObject({ reason: { code: 'TryLater' } })
    await expect(range.split(bytes('c'), ver)).rejects.toMatchObject({
      code: 'BadVersion',
      message: expect.stringContaining('1-0'),
    })
    await put(c, 'a', '1')
    expect(await whole(c)).toEqual(['a=1'])
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
  })

  test('by who does not lead, and while the members change', async () => {
    const c = await serve(3)
    const { node, range } = await leaderOf(c, 'a')
    const follower = rangeAt(
      c.nodes.find((one) => one !== node)!,
      'a',
    )!
    await expect(follower.split(bytes('m'))).rejects.toMatchObject({ code: 'TryLater' })
    const learner = await c.add('d').start()
    let held = true
    c.passes = ({ to }) => !(held && to === learner)
    const changed = range.changeReplicas({ voters: c.nodes.map(({ id }) => id), learners: [] })
    await until(() => range.members.length === 4, 'the learner is in')
    await expect(range.split(bytes('m'))).rejects.toMatchObject({ code: 'TryLater' })
    held = false
    await changed
    await splitAt(c, 'm')
    expect(await whole(c)).toEqual([])
  })

  test('a service may move the cut, or refuse it', async () => {
    const makeCoprocessor: ClusterOptions['makeCoprocessor'] = () => {
      const kv = new KvCoprocessor({ valueBytesMax: 1024 })
      // What begins with the same letter stays together.
      kv.toSplitKey = (key) => key.subarray(0, 1)
      return kv
    }
    const c = await serve(3, { makeCoprocessor })
    await splitAt(c, 'melon')
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
    const { range } = await leaderOf(c, 'z')
    await expect(range.split(bytes('mouse'))).rejects.toMatchObject({ code: 'BadRequest' })
  })
})

describe('under load', () => {
  test('splits lose nothing, double nothing, and no read goes back', async () => {
    const c = await serve(3)
    const load = new KeyLoad(c, letters)
    for (const key of ['m', 't', 'g', 'p', 'c', 'x']) {
      const before = load.writes
      await splitAt(c, key)
      await until(() => load.writes > before + 50, 'the load goes on')
    }
    await load.stop()
    expect(load.unknown).toBe(0)
    expect(starts(c.nodes[0]!)).toEqual(['', 'c', 'g', 'm', 'p', 't', 'x'])
    await whole(c)
  })

  test('while leaders move', async () => {
    const c = await serve(3)
    const load = new KeyLoad(c, letters)
    for (const [i, key] of ['m', 'g', 't', 'd', 'p'].entries()) {
      await splitAt(c, key)
      const { node, range } = await leaderOf(c, letters[(i * 7) % 26]!)
      const target = c.nodes[(c.nodes.indexOf(node) + 1) % 3]!
      try {
        range.transferLeader(target.id)
      } catch (thrown) {
        if (!(thrown instanceof KvError)) throw thrown
      }
    }
    await load.stop()
    await whole(c)
  })

  test('two splits of one range at once: one is done, the other is told', async () => {
    const c = await serve(3)
    const load = new KeyLoad(c, letters)
    for (const [a, b] of [
      ['m', 'n'],
      ['c', 'e'],
      ['t', 'w'],
    ] as const) {
      const { range } = await leaderOf(c, a)
      const { ver } = range
      const results = await Promise.allSettled([range.split(bytes(a), ver), range.split(bytes(b), ver)])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    }
    await load.stop()
    await whole(c)
    expect(starts(c.nodes[0]!)).toEqual(['', 'c', 'm', 't'])
  })

  test('64 in a row', async () => {
    const c = await serve(3)
    const name = (i: number) => `key${String(i).padStart(3, '0')}`
    for (let i = 0; i < 65; i++) await put(c, name(i), String(i))
    const load = new KeyLoad(c, ['key010x', 'key040x'])
    for (let i = 1; i < 65; i++) await splitAt(c, name((i * 29) % 65))
    await load.stop()
    expect((await whole(c)).filter((pair) => !pair.includes('x='))).toEqual(
      Array.from({ length: 65 }, (_, i) => `${name(i)}=${i}`),
    )
    expect(starts(c.nodes[0]!)).toHaveLength(65)
  })
})

describe('a store that was away', () => {
  test.each(['log', 'snapshot'])('ends with both halves, by %s', async (way) => {
    const c = await serve(
      3,
      way === 'log' ? {} : { compaction: { logEntriesSoft: 20, logBytesSoft: 1, patienceMs: 1 } },
    )
    const leader = await c.leader()
    const away = c.follower(leader)
    for (const key of letters) await put(c, key, '1')
    await away.stop()
    await splitAt(c, 'm')
    await splitAt(c, 't')
    for (let round = 2; round < (way === 'log' ? 3 : 8); round++) {
      for (const key of letters) await put(c, key, String(round))
    }
    if (way === 'snapshot') {
      await until(
        () => leader.store.describe().ranges.every(({ snapshotIndex }) => snapshotIndex > 10),
        'the logs are cut behind the splits',
      )
    }
    const pulls = c.pulls
    await away.start()
    const value = way === 'log' ? 2 : 7
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${value}`))
    expect(starts(away)).toEqual(['', 'm', 't'])
    if (way === 'snapshot') expect(c.pulls).toBeGreaterThan(pulls)
  })

  test('comes to the split after its right half came by snapshot: the newer one stays', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    const { node: leader, range: left } = await leaderOf(c, 'a')
    const late = c.follower(leader)
    // It hears nothing of the left range.
    c.passes = ({ to, message }) => !(to === late && rangeIdFromBytes(message.range) === left.id)
    const right = await splitAt(c, 'm')
    await put(c, 'z', '2')
    await until(() => late.store.range(right)?.boundary, 'the right half has come to it by snapshot')
    expect(rangeAt(late, 'z')!.id).toBe(right)
    expect(rangeAt(late, 'a')!.id).toBe(left.id)
    expect(late.store.range(left.id)!.ver).toEqual({ high: 0, low: 0 })
    await put(c, 'y', '2')
    c.passes = () => true
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${key === 'z' || key === 'y' ? 2 : 1}`))
  })

  test('comes to the split while its right half fetches a snapshot: it is given up, the half is made on the spot', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    const { node: leader, range: left } = await leaderOf(c, 'a')
    const late = c.follower(leader)
    const gate = Promise.withResolvers<void>()
    c.onChunk = (_from, to) => (to === late ? gate.promise : undefined)
    c.passes = ({ to, message }) => !(to === late && rangeIdFromBytes(message.range) === left.id)
    const right = await splitAt(c, 'm')
    await until(() => late.store.range(right)?.isPulling, 'it fetches the right half')
    c.passes = () => true
    // The stream still stands still: nothing of it is waited for.
    await until(() => late.store.range(right)?.boundary, 'the right half is there')
    expect(late.logged('split')).toBe(true)
    gate.resolve()
    await put(c, 'z', '2')
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${key === 'z' ? 2 : 1}`))
  })

  test('has voted in the right half before it comes to the split: the vote stands', async () => {
    const c = await serve(3)
    const { node: leader, range: left } = await leaderOf(c, 'a')
    const [voter, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    // It can vote, but not follow: so no snapshot is offered to it either. Nobody is elected without it.
    let hasVoted = false
    const founding = new Set<number>([MessageType.preVote, MessageType.vote])
    c.passes = ({ to, message }) => {
      const isLeft = rangeIdFromBytes(message.range) === left.id
      if (to === other) return isLeft || hasVoted
      return to !== voter || (!isLeft && founding.has(message.type))
    }
    const right = await splitAt(c, 'm')
    await until(() => voter.store.range(right), 'it holds the right half without data')
    const uninitialised = voter.store.range(right)!
    await until(() => uninitialised.describe().term > 1, 'it has voted')
    hasVoted = true
    expect(uninitialised.boundary).toBeNull()
    const { term } = uninitialised.describe()
    // It asks nobody for votes however long it hears nothing: it has nothing to lead with.
    await voter.crash()
    await voter.start()
    expect(voter.store.range(right)!.describe().term).toBeGreaterThanOrEqual(term)
    await other.stop()
    c.passes = () => true
    await put(c, 'z', '1')
    await other.start()
    expect(await whole(c)).toEqual(['z=1'])
    expect(voter.store.range(right)!.describe().term).toBeGreaterThanOrEqual(term)
  })

  test('was removed from the right half before it comes to the split: the half does not come back', async () => {
    const c = await serve(3)
    for (const key of letters) await put(c, key, '1')
    const { node: leader, range: left } = await leaderOf(c, 'a')
    const late = c.follower(leader)
    c.passes = ({ to, message }) => !(to === late && rangeIdFromBytes(message.range) === left.id)
    const right = await splitAt(c, 'm')
    await until(() => late.store.range(right)?.boundary, 'the right half has come to it by snapshot')
    const stay = c.nodes.filter((node) => node !== late).map(({ id }) => id)
    await (await leaderOf(c, 'z')).range.changeReplicas({ voters: stay, learners: [] })
    await until(() => !late.store.range(right) && late.storage.log.tombstone(right), 'it is gone there')
    c.passes = () => true
    await until(() => late.store.range(left.id)!.ver.high === 1, 'it comes to the split')
    expect(late.store.range(right)).toBeUndefined()
    expect(starts(late)).toEqual([''])
    await put(c, 'z', '2')
    // And it may hold it again, as a new replica.
    await (await leaderOf(c, 'z')).range.changeReplicas({ voters: c.nodes.map(({ id }) => id), learners: [] })
    expect(await whole(c)).toEqual(letters.map((key) => `${key}=${key === 'z' ? 2 : 1}`))
  })
})

describe('a crash', () => {
  /** Stores in memory: at the split one of them stops after so many more writes to its disks. */
  async function crashAt(who: 'leader' | 'follower', writes: number): Promise<{ crashed: boolean; had: boolean }> {
    const disks = new Map<TestNode, { log: MemoryDisk; data: MemoryDisk; identity?: StoreIdentity }>()
    const c = await serve(3, {
      openStorage: async (node, onPoison) => {
        const known = disks.get(node) ?? { log: new MemoryDisk(), data: new MemoryDisk() }
        disks.set(node, known)
        const identity = known.identity ? { identity: known.identity } : {}
        const storage = await openMemoryStorage(known, { cluster: 'test', onPoison, ...identity }, node.doors)
        known.identity = storage.identity
        return storage
      },
    })
    for (const key of letters) await put(c, key, '1')
    const { node: leader, range: left } = await leaderOf(c, 'a')
    const victim = who === 'leader' ? leader : c.follower(leader)
    const mine = disks.get(victim)!
    let spare = writes
    for (const disk of [mine.log, mine.data]) disk.beforeWrite = () => spare-- > 0
    // The answer may be lost with the leader.
    left.split(bytes('m')).catch(() => {})
    const load = new KeyLoad(c, ['a', 'z'])
    const crashed = await until(() => victim.poisoned !== null, 'the disk fails', 3_000).then(
      () => true,
      () => false,
    )
    victim.up = false
    await victim.store.close()
    for (const disk of [mine.log, mine.data]) {
      disk.crash()
      disk.beforeWrite = () => true
    }
    victim.poisoned = null
    await victim.start()
    const had = victim.store.describe().ranges.length === 2
    for (const { damage } of victim.store.describe().ranges) expect(damage).toBe('')
    // If the split was never committed, it is done now.
    await until(async () => {
      const { range } = await leaderOf(c, 'z')
      if (range.id !== left.id) return true
      await range.split(bytes('m')).catch(() => {})
      return false
    }, 'the split')
    await load.stop()
    const pairs = await whole(c)
    expect(pairs.map((pair) => pair[0])).toEqual(letters)
    expect(
      pairs.filter((pair) => !pair.startsWith('a') && !pair.startsWith('z')).every((pair) => pair.endsWith('=1')),
    ).toBe(true)
    await c[Symbol.asyncDispose]()
    return { crashed, had }
  }

  test.each(['leader', 'follower'] as const)(
    'of the %s after any write around the split leaves nothing half done',
    async (who) => {
      const outcomes = new Set<string>()
      for (let writes = 0; writes < 8; writes++) {
        const { crashed, had } = await crashAt(who, writes)
        outcomes.add(`${crashed} ${had}`)
      }
      // Both sides of the flush were met.
      expect(outcomes).toEqual(new Set(['true false', 'true true']))
    },
    60_000,
  )
})
