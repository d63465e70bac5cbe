import { afterEach, describe, expect, test } from '@jest/globals'
import { openSync, readdirSync, readSync, statSync, writeSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { KvError, type StoreId } from '@base-kv/base'
import { KvCommand, KvCoprocessor } from '@base-kv/kv-store'
import type { v1 } from '@base-kv/protocol'
import type { Coprocessor } from '@base-kv/range'
import { MessageType } from '@base-kv/raft'
import {
  type ClusterOptions,
  commands,
  getAt,
  propose,
  putAt,
  startServing,
  type TestCluster,
  type TestNode,
  until,
} from './cluster.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

/** Cuts the log at once behind what is flushed. */
const eager: ClusterOptions = {
  compaction: { logBytesSoft: 8 * 1024, logEntriesSoft: 20, patienceMs: 0 },
  storage: { flushAgeMs: 5 },
}

const ids = (nodes: readonly TestNode[]): StoreId[] => nodes.map((node) => node.id)

/** As an operator does: again and again at whoever leads, until it is done. */
async function change(c: TestCluster, voters: readonly TestNode[], learners: readonly TestNode[] = []): Promise<void> {
  await until(
    async () => {
      const leader = await c.leader()
      try {
        await leader.range.changeReplicas({ voters: ids(voters), learners: ids(learners) })
        return true
      } catch (thrown) {
        if (thrown instanceof KvError && thrown.code === 'TryLater') return false
        throw thrown
      }
    },
    'the members change',
    15_000,
  )
}

const voters = (node: TestNode) => [...node.range.describe().config.voters].sort()

async function fill(c: TestCluster, count: number, tag: string): Promise<void> {
  for (let i = 0; i < count; i += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, j) => c.put(`${tag}-${i + j}`, `${tag}${'x'.repeat(200)}`)))
  }
}

/** So far that `late` needs a snapshot. */
async function logIsCut(c: TestCluster, late: TestNode): Promise<void> {
  await until(async () => {
    const { id, snapshotIndex } = (await c.leader()).range.describe()
    return snapshotIndex > late.storage.log.lastIndex(id)
  }, 'the log is cut')
}

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
    const request = { replica: range.self.replica, indexMin: 1 } as v1.PullSnapshotRequest
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

describe('members', () => {
  test('one is removed and its replica destroyed; it comes back under a new replica id', async () => {
    const c = await serve(3)
    await fill(c, 40, 'a')
    const leader = await c.leader()
    const [out, stays] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    const { replica } = out.range.self
    const { epoch } = out.store.epoch!
    await change(c, [leader, stays])
    expect(voters(leader)).toEqual(ids([leader, stays]).sort())
    await until(() => [...out.store.ranges].length === 0, 'it is told that it is no member')
    expect(await out.storage.log.tombstone(leader.range.id)).toBe(replica)
    // It still belongs to this cluster, also after a restart.
    expect(out.store.epoch).toEqual({ epoch, confirmed: true })
    await out.stop()
    await out.start()
    expect(out.store.epoch).toEqual({ epoch, confirmed: true })

    await c.put('meanwhile', 'v')
    await change(c, c.nodes)
    expect(voters(leader)).toEqual(ids(c.nodes).sort())
    await c.alike()
    expect(out.range.self.replica).toBeGreaterThan(replica)
    // It counts: with it two of three are enough.
    await stays.stop()
    await c.put('k', 'v')
  })

  test('one that was away when it was removed is told when it comes back', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const [away, stays] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    await away.stop()
    await change(c, [leader, stays])
    await away.start()
    expect(away.hasRange).toBe(true)
    await until(() => [...away.store.ranges].length === 0, 'it is told')
  })

  test('a fresh store comes in as a learner, fetches the data, and becomes a voter', async () => {
    const c = await serve(3, eager)
    await fill(c, 200, 'a')
    const fresh = await c.add('fresh').start()
    const leader = await c.leader()
    const seen = new Set<string>()
    const watch = setInterval(() => {
      const { config } = leader.range.describe()
      if (config.learners.includes(fresh.id)) seen.add('learner')
      if (config.voters.includes(fresh.id)) seen.add('voter')
    }, 1)
    await change(c, c.nodes)
    clearInterval(watch)
    expect([...seen][0]).toBe('learner')
    expect(voters(await c.leader())).toEqual(ids(c.nodes).sort())
    await c.alike()

    await change(c, c.nodes.slice(1), [c.nodes[0]!])
    const { config } = (await c.leader()).range.describe()
    expect(config.learners).toEqual([c.nodes[0]!.id])
  })

  test('an empty newcomer that never answers does not stop writes', async () => {
    const c = await serve(1)
    const [node] = c.nodes as [TestNode]
    const dead = await c.add('dead').start()
    await dead.stop()
    const changing = node.range.changeReplicas({ voters: ids([node, dead]), learners: [] })
    await until(() => node.range.describe().config.learners.length === 1, 'it is a learner')
    for (let i = 0; i < 10; i++) expect(await putAt(node, `k${i}`, 'v')).toBeNull()
    await expect(node.range.changeReplicas({ voters: ids([node]), learners: [] })).rejects.toMatchObject({
      code: 'TryLater',
    })
    await dead.start()
    await changing
    expect(voters(node)).toEqual(ids([node, dead]).sort())
  })

  test('a leader that is to leave hands over first', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const rest = c.nodes.filter((node) => node !== leader)
    await change(c, rest)
    const next = await c.leader()
    expect(rest).toContain(next)
    expect(voters(next)).toEqual(ids(rest).sort())
    await until(() => [...leader.store.ranges].length === 0, 'the old leader is told')
    await c.put('k', 'v')
  })

  test.each<[string, (nodes: readonly TestNode[]) => { voters: StoreId[]; learners: StoreId[] }]>([
    ['nobody', () => ({ voters: [], learners: [] })],
    ['one twice', ([a]) => ({ voters: [a!.id, a!.id], learners: [] })],
    ['one as both', ([a, b]) => ({ voters: [a!.id, b!.id], learners: [b!.id] })],
  ])('a target of %s is refused', async (_, target) => {
    const c = await serve(3)
    const leader = await c.leader()
    await expect(leader.range.changeReplicas(target(c.nodes))).rejects.toMatchObject({ code: 'BadRequest' })
    await c.put('k', 'v')
  })

  test('late messages for a former replica are answered `gone` and harm nothing', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    const leader = await c.leader()
    const [out, stays] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    const late: { readonly to: TestNode; readonly message: v1.RaftMessage }[] = []
    c.passes = ({ from, to, message }) => {
      if ((from === out || to === out) && late.length < 400) late.push({ to, message })
      return true
    }
    await fill(c, 20, 'b')
    await change(c, [leader, stays])
    await until(() => [...out.store.ranges].length === 0, 'it is told')
    await change(c, c.nodes)
    const { replica } = out.range.self
    const answers: number[] = []
    c.passes = ({ from, message }) => {
      if (from === out && message.type === MessageType.gone) answers.push(message.fromReplica)
      return true
    }
    for (const { to, message } of late) c.inject(to, message)
    await until(() => answers.length > 0, 'an answer')
    expect(answers.every((one) => one < replica)).toBe(true)
    expect(out.range.self.replica).toBe(replica)
    await fill(c, 20, 'c')
    await c.alike()
    expect(voters(await c.leader())).toEqual(ids(c.nodes).sort())
  })

  test('messages of garbage are dropped', async () => {
    const c = await serve(3)
    const [a] = c.nodes as [TestNode]
    const seen: v1.RaftMessage[] = []
    c.passes = ({ to, message }) => {
      if (to === a) seen.push(message)
      return true
    }
    await fill(c, 20, 'a')
    await until(() => seen.length > 10, 'some messages')
    for (const message of seen.slice(0, 10)) {
      for (const bad of [
        { type: 77 },
        { range: Buffer.from('short') },
        { fromStore: new Uint8Array(0) },
        { term: -1 },
        { index: Number.MAX_VALUE },
        { commit: 1.5 },
        { toReplica: Number.NaN },
        { snapshot: { index: -5, term: 1, config: new Uint8Array(3) } },
        { entries: [{ term: 1, type: 9, data: new Uint8Array(0) }] },
      ] as Partial<v1.RaftMessage>[]) {
        a.store.receive([{ ...message, ...bad } as v1.RaftMessage])
      }
    }
    await fill(c, 20, 'b')
    await c.alike()
  })
})

describe('stores that lost something', () => {
  test('a wiped store has no vote until it is taken in again', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    const leader = await c.leader()
    const [wiped, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    const before = wiped.id
    await wiped.stop()
    await wiped.wipe()
    await wiped.start()
    expect(wiped.id).not.toBe(before)
    await c.put('k', 'v')
    // The leader alone is no majority, whatever the new store says.
    await other.stop()
    await until(() => !leader.range.isLeader, 'no majority, no leader')
    expect(wiped.hasRange).toBe(false)
    await other.start()
    await c.put('k', 'w')
    await change(c, c.nodes)
    await c.alike()
    await other.stop()
    await c.put('k', 'x')
  })

  test('a damaged replica never votes; the leader replaces it by itself, and then it counts again', async () => {
    const c = await serve(3)
    await fill(c, 60, 'a')
    const leader = await c.leader()
    const [hurt, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    const { replica } = hurt.range.self
    await hurt.stop()
    // Without the other one there is no majority that could replace it, so the damage stays to be seen.
    await other.stop()
    await until(() => !leader.range.isLeader, 'no majority, no leader')
    flipLogByte(hurt)
    const votes: v1.RaftMessage[] = []
    c.passes = ({ from, message }) => {
      if (from === hurt && message.fromReplica <= replica && message.type !== MessageType.gone && message.type < 100) {
        votes.push(message)
      }
      return true
    }
    await hurt.start()
    expect(hurt.described?.damage).not.toBe('')
    expect(hurt.hasRange).toBe(false)
    const { term } = leader.range.describe()
    await until(() => leader.range.describe().role !== 'Leader' && leader.logged('follows'), 'the leader is alone')
    expect(await putAt(leader, 'k', 'v')).toMatchObject({ code: 'TryLater' })
    expect(leader.range.describe().term).toBeGreaterThanOrEqual(term)

    await other.start()
    await until(() => hurt.hasRange && hurt.range.self.replica > replica, 'it is replaced', 15_000)
    await until(async () => voters(await c.leader()).includes(hurt.id), 'it votes again', 15_000)
    expect(hurt.described?.damage).toBe('')
    expect(votes).toEqual([])
    await c.alike()
    await other.stop()
    await c.put('k', 'v')
  })

  test('a member that is merely down is not replaced', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    const leader = await c.leader()
    const down = c.follower(leader)
    const { config } = leader.range.describe()
    await down.stop()
    await fill(c, 20, 'b')
    // Long enough for questions, answers and changes: the other one has heard many heartbeats since.
    const { term } = leader.range.describe()
    let heartbeats = 0
    c.passes = ({ from, message }) => {
      if (from === leader && message.type === MessageType.heartbeat) heartbeats++
      return true
    }
    await until(() => heartbeats >= 20, 'heartbeats')
    expect(leader.range.describe()).toMatchObject({ config, term })
    await down.start()
    await c.alike()
    expect(leader.range.describe().config).toEqual(config)
  })

  describe('while they serve', () => {
    /** Reads of `rotten` at these nodes find bytes that fail their checksum, as after a bit flip in a table file. */
    const rotten = new Set<string>()
    afterEach(() => rotten.clear())
    const makeCoprocessor = (node: TestNode): Coprocessor => {
      const kv = new KvCoprocessor({ valueBytesMax: 1024 })
      const check = (key: Uint8Array) => {
        if (rotten.has(node.name) && Buffer.from(key).toString() === 'rotten') {
          throw new KvError('Corrupt', 'the value of a key fails its checksum')
        }
      }
      const guarded = <T extends { get(key: Uint8Array): Uint8Array | undefined }>(state: T): T => ({
        ...state,
        boundary: { start: null, end: null },
        get: (key: Uint8Array) => {
          check(key)
          return state.get(key)
        },
      })
      return {
        check: (kind, body) => kv.check(kind, body),
        mutate: (kind, body, state) => kv.mutate(kind, body, guarded(state)),
        toSplitKey: (key) => kv.toSplitKey(key),
        query: (kind, body, state) => kv.query(kind, body, guarded(state)),
      }
    }

    test.each(['leader', 'follower'])('damage that a %s meets while applying gets it replaced', async (who) => {
      const c = await serve(3, { makeCoprocessor })
      await c.put('rotten', '1')
      const leader = await c.leader()
      const hurt = who === 'leader' ? leader : c.follower(leader)
      const { replica } = hurt.range.self
      rotten.add(hurt.name)
      // What comes before it in the same entry is applied there and answered elsewhere.
      const outcomes = await Promise.all([
        putAt(leader, 'before', '1'),
        propose(leader, KvCommand.compareAndSet, commands.cas('rotten', '1', '2')).then(({ error }) => error),
      ])
      for (const error of outcomes) {
        if (who === 'leader') expect(error).toMatchObject({ code: 'OutcomeUnknown' })
        else expect(error).toBeNull()
      }
      await until(() => hurt.hasRange && hurt.range.self.replica > replica, 'it is replaced')
      rotten.clear()
      await until(async () => voters(await c.leader()).includes(hurt.id), 'it votes again')
      expect(await c.get('rotten')).toBe('2')
      expect(await c.get('before')).toBe('1')
      await c.alike()
    })

    test('a read never gives wrong bytes: it fails, and the next leader answers', async () => {
      const c = await serve(3, { makeCoprocessor })
      await c.put('rotten', '1')
      await c.alike()
      const leader = await c.leader()
      rotten.add(leader.name)
      await expect(getAt(leader, 'rotten')).rejects.toMatchObject({ code: 'Corrupt' })
      expect(await c.get('rotten')).toBe('1')
      rotten.clear()
      await until(async () => voters(await c.leader()).includes(leader.id) && leader.hasRange, 'it is replaced')
      await c.alike()
    })

    test('the only replica goes on: what is not damaged can still be read', async () => {
      const c = await serve(1, { makeCoprocessor })
      await c.put('rotten', '1')
      await c.put('sound', '1')
      rotten.add(c.nodes[0]!.name)
      await expect(getAt(c.nodes[0]!, 'rotten')).rejects.toMatchObject({ code: 'Corrupt' })
      expect(await c.get('sound')).toBe('1')
      expect(await putAt(c.nodes[0]!, 'rotten', '2')).toBeNull()
    })
  })

  test('a repair that a leader began is finished by the next one', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    const leader = await c.leader()
    const [hurt, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    await hurt.stop()
    flipLogByte(hurt)
    // The new replica cannot come in yet: nothing gets to it but what tells it about the old one.
    let open = false
    c.passes = ({ to, message }) => open || to !== hurt || message.toReplica <= 1
    await hurt.start()
    await until(() => !voters(leader).includes(hurt.id), 'the old replica is removed')
    await leader.store.handOver(3_000)
    await until(() => other.range.isLeader, 'another leads')
    open = true
    await until(() => voters(other).includes(hurt.id), 'it is a voter again', 15_000)
    await c.alike()
  })

  test('an operator who removes a damaged store decides: it does not come back by itself', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    const leader = await c.leader()
    const [hurt, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    await hurt.stop()
    flipLogByte(hurt)
    await change(c, [leader, other])
    await hurt.start()
    expect(hurt.described?.damage).not.toBe('')
    await until(() => hurt.described === undefined, 'it is told that it is no member')
    expect(voters(leader)).toEqual(ids([leader, other]).sort())
  })
})

/** Turns one bit of an acknowledged entry over, in LevelDB's own log. */
function flipLogByte(node: TestNode): void {
  const folder = join(node.folder, 'log')
  const files = readdirSync(folder).filter((name) => /\.(log|ldb)$/.test(name))
  const [largest] = files.map((name) => join(folder, name)).sort((a, b) => statSync(b).size - statSync(a).size)
  const file = openSync(largest as string, 'r+')
  const at = Math.floor(statSync(largest as string).size / 3)
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, at)
  byte[0] = (byte[0] as number) ^ 1
  writeSync(file, byte, 0, 1, at)
  closeSync(file)
}
