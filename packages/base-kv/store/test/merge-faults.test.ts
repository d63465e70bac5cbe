/** Merges with something going wrong: whatever it is, each key is in one range, and everything acknowledged is there. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { type RangeId, rangeIdFromBytes } from '@base-kv/base'
import { KvCommand } from '@base-kv/kv-store'
import { MergeMessageKind, type Range, RangeCommand } from '@base-kv/range'
import { MemoryDisk, openMemoryStorage, type StoreIdentity } from '@base-kv/storage'
import {
  type ClusterOptions,
  commands,
  startServing,
  type TestCluster,
  type TestNode,
  until,
  type Wire,
} from './cluster.ts'
import { KeyLoad, lead, leaderBefore, leaderOf, mergeAt, put, rangeAt, splitAt, starts, whole } from './many-ranges.ts'
import { eager } from './operator.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

const FREEZE = RangeCommand.freeze

/** No leader is lost because the machine is busy. */
const calm: ClusterOptions = { raft: { electionTimeoutMs: 1_500 } }

const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')
const bytes = (key: string) => Buffer.from(key)

/** What ranges that merge say to each other. */
const mergeWord = ({ message }: Wire): number | undefined => (message.type === 110 ? message.body[1] : undefined)
const isAbout = ({ message }: Wire, id: RangeId): boolean => rangeIdFromBytes(message.range) === id

interface Two {
  readonly left: Range
  readonly leftNode: TestNode
  readonly right: RangeId
  readonly rightNode: TestNode
}

/** Two ranges that meet at `m`, with all letters in them. `apart`: led by different nodes. */
async function two(c: TestCluster, apart = false): Promise<Two> {
  for (const key of letters) await put(c, key, '1')
  const right = await splitAt(c, 'm')
  const { node: leftNode, range: left } = await leaderOf(c, 'a')
  if (apart)
    await lead(
      c,
      'm',
      c.nodes.find((node) => node !== leftNode)!,
    )
  return { left, leftNode, right, rightNode: (await leaderOf(c, 'm')).node }
}

const stateAt = (node: TestNode, id: RangeId) => node.store.range(id)?.describe().state

/** Either one range or two, but whole; with all pairs, whose values are `1` unless a load changed them. */
async function expectWhole(c: TestCluster, changed: readonly string[] = []): Promise<void> {
  const pairs = await whole(c)
  expect(pairs.map((pair) => pair[0])).toEqual(letters)
  for (const pair of pairs) if (!changed.includes(pair[0]!)) expect(pair).toMatch(/=1$/)
}

describe('while a range is frozen', () => {
  test('writes and reads are refused with TryLater, stale reads are not, changes of either range are', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right, rightNode } = await two(c, true)
    c.passes = (wire) => mergeWord(wire) !== MergeMessageKind.frozen
    const merged = leftNode.store.merge(left, right)
    await until(() => stateAt(rightNode, right) === 'WaitingForMerge', 'the right range is frozen')
    const mergee = rightNode.store.range(right)!
    const refused = { code: 'TryLater' }
    const read = (how: 'linearizable' | 'lease' | 'stale') =>
      new Promise<unknown>((resolve) => mergee.read(how, (error) => resolve(error)))
    expect(await read('linearizable')).toMatchObject(refused)
    expect(await read('lease')).toMatchObject(refused)
    expect(await read('stale')).toBeNull()
    const written = await new Promise((resolve) =>
      mergee.propose(KvCommand.put, commands.put('z', '2'), (error) => resolve(error)),
    )
    expect(written).toMatchObject(refused)
    for (const range of [left, mergee]) {
      const other = c.nodes.find((node) => node !== leftNode && node !== rightNode)!
      expect(() => range.transferLeader(other.id)).toThrow(expect.objectContaining(refused))
      await expect(range.split(bytes(range === left ? 'c' : 'p'))).rejects.toMatchObject(refused)
      await expect(range.changeReplicas({ voters: [leftNode.id, rightNode.id], learners: [] })).rejects.toMatchObject(
        refused,
      )
    }
    await expect(leftNode.store.merge(left, right)).rejects.toMatchObject(refused)
    // The left one serves all the time.
    await put(c, 'a', '1')
    c.passes = () => true
    expect(await merged).toEqual({ high: 2, low: 0 })
    await expectWhole(c)
  })
})

describe('a merge that cannot be is cancelled', () => {
  test('a member does not answer: the right range is never frozen', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right } = await two(c)
    const away = c.nodes.find((node) => node !== leftNode)!
    await away.stop()
    await until(
      () =>
        leftNode.store
          .range(right)!
          .describe()
          .progress.some(({ silentMs }) => silentMs > 2_000),
      'it is missed',
    )
    const load = new KeyLoad(c, ['a', 'z'])
    await expect(leftNode.store.merge(left, right)).rejects.toMatchObject({ code: 'TryLater' })
    expect(load.slowestWriteMs).toBeLessThan(4_000)
    await load.stop()
    await until(() => left.describe().state === 'Normal', 'the left range goes on')
    await away.start()
    await mergeAt(c, 'm')
    await expectWhole(c, ['a', 'z'])
  }, 30_000)

  test('a member does not get the freeze: the right range thaws, and may be merged later', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right, rightNode } = await two(c, true)
    const away = c.nodes.find((node) => node !== leftNode && node !== rightNode)!
    c.passes = (wire) => !(wire.to === away && isAbout(wire, right))
    await expect(leftNode.store.merge(left, right)).rejects.toMatchObject({ code: 'TryLater' })
    c.passes = () => true
    await put(c, 'z', '1')
    await until(
      () => c.nodes.every((node) => stateAt(node, left.id) === 'Normal' && stateAt(node, right) === 'Normal'),
      'both are as before',
    )
    expect(starts(c.nodes[0]!)).toEqual(['', 'm'])
    // Of the version that the merger named nothing is left.
    await until(() => c.nodes.every(({ store }) => store.range(right)!.ver.low > 0), 'all know the next version')
    await mergeAt(c, 'm')
    await expectWhole(c)
  }, 30_000)

  test('nothing of what the two say arrives: cancelled, and thawed once they hear each other again', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right, rightNode } = await two(c, true)
    let frozen = false
    // The freeze arrives, no answer does, and of the thaw nobody hears for a while.
    c.passes = (wire) => mergeWord(wire) === undefined || (mergeWord(wire) === MergeMessageKind.freeze && !frozen)
    const merged = leftNode.store.merge(left, right)
    await until(() => stateAt(rightNode, right) === 'WaitingForMerge', 'the right range is frozen')
    frozen = true
    await expect(merged).rejects.toMatchObject({ code: 'TryLater' })
    expect(stateAt(rightNode, right)).toBe('WaitingForMerge')
    // Until the right one knows, the left one changes nothing.
    await expect(left.split(bytes('c'))).rejects.toMatchObject({ code: 'TryLater' })
    c.passes = () => true
    await put(c, 'z', '1')
    await splitAt(c, 'c')
    await mergeAt(c, 'c')
    await mergeAt(c, 'm')
    await expectWhole(c)
  }, 30_000)

  test('the right range has moved away before it was asked: it is found all the same, and the left one goes on', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right } = await two(c)
    const elsewhere = await c.add('d').start()
    const hold = (held: boolean) => {
      c.passes = (wire) => !held || mergeWord(wire) === undefined
    }
    hold(true)
    // Its own store would be told without the network.
    await lead(
      c,
      'm',
      c.nodes.find((node) => node !== leftNode)!,
    )
    const merged = leftNode.store.merge(left, right)
    merged.catch(() => {})
    await until(() => left.describe().state === 'PreparedMerging', 'the merge has begun')
    const move = async (voters: TestNode[]) => {
      await until(async () => {
        const { range } = await leaderOf(c, 'm')
        try {
          await range.changeReplicas({ voters: voters.map(({ id }) => id), learners: [] })
          return true
        } catch {
          return false
        }
      }, 'the right range moves')
    }
    await move(c.nodes)
    await move([elsewhere])
    hold(false)
    await expect(merged).rejects.toMatchObject({ code: 'TryLater' })
    await splitAt(c, 'c')
    await mergeAt(c, 'c')
    await put(c, 'z', '1')
  }, 30_000)
})

describe('a store that lags', () => {
  test('comes to the marker when the right range has no group any more: the marker proves the freeze', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right } = await two(c)
    const late = c.follower(leftNode)
    const freezeAt = leftNode.store.range(right)!.describe().lastIndex + 1
    // Of the right range it gets the freeze, but not that it is committed; of the left one nothing.
    let hasFreeze = false
    c.passes = (wire) => {
      if (wire.to !== late || mergeWord(wire) !== undefined) return true
      if (isAbout(wire, left.id)) return false
      if (!isAbout(wire, right) || !hasFreeze) {
        hasFreeze ||= isAbout(wire, right) && (wire.message.entries ?? []).some(({ data }) => data?.[1] === FREEZE)
        return true
      }
      return false
    }
    await leftNode.store.merge(left, right)
    expect(late.store.range(right)!.applied).toBeLessThan(freezeAt)
    await until(() => c.nodes.every((node) => node === late || !node.store.range(right)), 'the others have merged')
    c.passes = () => true
    await put(c, 'z', '1')
    await expectWhole(c)
  })

  test.each(['by log', 'by snapshot'])('gets the merged range %s', async (way) => {
    const c = await serve(3, way === 'by log' ? calm : { ...calm, ...eager })
    const { left, leftNode, right } = await two(c)
    const late = c.follower(leftNode)
    c.passes = (wire) => !(wire.to === late && isAbout(wire, left.id) && mergeWord(wire) === undefined)
    await leftNode.store.merge(left, right)
    for (let round = 0; round < 5; round++) for (const key of letters) await put(c, key, '1')
    if (way === 'by snapshot') {
      await until(
        () => left.describe().snapshotIndex > late.storage.log.lastIndex(left.id),
        'the log is cut behind the marker',
      )
    }
    const { pulls } = c
    c.passes = () => true
    await expectWhole(c)
    expect(starts(late)).toEqual([''])
    expect(late.store.range(right)).toBeUndefined()
    if (way === 'by snapshot') expect(c.pulls).toBeGreaterThan(pulls)
  })

  test('has lost its replica of the right range: the merged one is put in place anew', async () => {
    const c = await serve(3, calm)
    const { left, leftNode, right } = await two(c)
    const late = c.follower(leftNode)
    c.passes = (wire) => !(wire.to === late && isAbout(wire, left.id) && mergeWord(wire) === undefined)
    await leftNode.store.merge(left, right)
    await late.storage.markDamaged(right, 'a test says so')
    await late.stop()
    c.passes = () => true
    await late.start()
    await until(
      () => {
        const found = late.store.range(left.id)
        return found && found.self.replica > 1 && found.boundary?.end === null
      },
      'it holds the merged range under a new replica id',
      20_000,
    )
    await put(c, 'z', '1')
    await until(() => leftNode.store.range(left.id)?.describe().config.voters.length === 3, 'it votes again')
  }, 40_000)
})

describe('a store that was away for the merge, and removed', () => {
  test('is told by who has the keys now that its replica of the right range has no group any more', async () => {
    const c = await serve(3, { raft: { electionTimeoutMs: 600 } })
    const { left, leftNode, right } = await two(c)
    const late = c.follower(leftNode)
    c.passes = (wire) => !(wire.to === late && isAbout(wire, left.id) && mergeWord(wire) === undefined)
    await leftNode.store.merge(left, right)
    await late.stop()
    const stay = c.nodes.filter((node) => node !== late).map(({ id }) => id)
    await until(
      () =>
        left.changeReplicas({ voters: stay, learners: [] }).then(
          () => true,
          () => false,
        ),
      'it is removed',
    )
    c.passes = () => true
    await late.start()
    expect([...late.store.ranges].map(({ id }) => id).sort()).toEqual([left.id, right].sort())
    await until(() => [...late.store.ranges].length === 0, 'nothing is left there', 30_000)
    await put(c, 'z', '1')
  }, 60_000)
})

describe('a leader that dies', () => {
  const steps = {
    'before the freeze': (wire: Wire) => mergeWord(wire) !== MergeMessageKind.freeze,
    'before the right range says so': (wire: Wire) => mergeWord(wire) !== MergeMessageKind.frozen,
    'while the marker is on its way': () => true,
  }
  const all = Object.keys(steps).flatMap((step) =>
    (['left', 'right'] as const).flatMap((side) =>
      (['apart', 'together'] as const).map((where) => [side, step, where]),
    ),
  )
  test.each(all as [side: 'left' | 'right', step: keyof typeof steps, where: 'apart' | 'together'][])(
    'the %s one, %s (%s)',
    async (side, step, where) => {
      const c = await serve(3)
      const { left, leftNode, right, rightNode } = await two(c, where === 'apart')
      const load = new KeyLoad(c, ['b', 'y'])
      c.passes = steps[step]
      leftNode.store.merge(left, right).catch(() => {})
      await until(() => stateAt(leftNode, left.id) === 'PreparedMerging' || left.ver.high > 1, 'the merge has begun')
      if (step === 'before the right range says so' && where === 'apart') {
        await until(() => stateAt(rightNode, right) === 'WaitingForMerge', 'the right range is frozen')
      }
      const victim = side === 'left' ? leftNode : rightNode
      await victim.crash()
      c.passes = () => true
      // The others go on with it, or take it back: with two of three they cannot finish what is not frozen everywhere.
      await put(c, 'z', '1')
      await put(c, 'a', '1')
      await victim.start()
      await until(
        async () => {
          const last = (await leaderOf(c, 'm')).range
          if (last.boundary?.start === null) return true
          const before = leaderBefore(c, bytes('m'))
          await before?.node.store.merge(before.range, last.id).catch(() => {})
          return false
        },
        'the merge in the end',
        30_000,
      )
      await load.stop()
      await expectWhole(c, ['b', 'y'])
      expect(starts(c.nodes[0]!)).toEqual([''])
    },
    60_000,
  )
})

describe('a crash', () => {
  /** Stores in memory: at the merge one of them stops after so many more writes to its disks. */
  async function crashAt(who: 'leader' | 'follower', writes: number): Promise<string> {
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
    const { left, leftNode, right } = await two(c)
    const victim = who === 'leader' ? leftNode : c.follower(leftNode)
    const mine = disks.get(victim)!
    let spare = writes
    for (const disk of [mine.log, mine.data]) disk.beforeWrite = () => spare-- > 0
    leftNode.store.merge(left, right).catch(() => {})
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
    const had = victim.store.describe().ranges.length
    for (const { damage } of victim.store.describe().ranges) expect(damage).toBe('')
    await mergeAt(c, 'm').catch(() => {})
    await until(() => c.nodes.every((node) => starts(node).length === 1), 'the merge in the end', 20_000)
    await load.stop()
    await expectWhole(c, ['a', 'z'])
    await c[Symbol.asyncDispose]()
    return `${crashed} ${had}`
  }

  test.each(['leader', 'follower'] as const)(
    'of the %s after any write around the merge leaves nothing half done',
    async (who) => {
      const outcomes = new Set<string>()
      for (let writes = 0; writes < 14; writes++) outcomes.add(await crashAt(who, writes))
      // Both sides of the flush were met.
      expect(outcomes).toEqual(new Set(['true 1', 'true 2']))
    },
    240_000,
  )

  test('of everybody, at any moment of a merge', async () => {
    const c = await serve(3)
    await two(c)
    for (let round = 0; round < 8; round++) {
      const left = leaderBefore(c, bytes('m'))
      const right = await leaderOf(c, 'm')
      if (right.range.boundary?.start !== null) left?.node.store.merge(left.range, right.range.id).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, round * 4))
      await Promise.all(c.nodes.map((node) => node.crash()))
      for (const node of c.nodes) await node.start()
      await put(c, 'a', '1')
      await put(c, 'z', '1')
      if (rangeAt(c.nodes[0]!, 'm')?.boundary?.start === null) await splitAt(c, 'm')
    }
    await mergeAt(c, 'm')
    await expectWhole(c)
  }, 60_000)
})
