import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import { KvCommand, KvCoprocessor } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import { type Coprocessor } from '@base-kv/range'
import { MessageType } from '@base-kv/raft'
import {
  type ClusterOptions,
  commands,
  flipLogByte,
  getAt,
  propose,
  putAt,
  startServing,
  type TestCluster,
  type TestNode,
  until,
} from './cluster.ts'
import { change, fill, ids, voters } from './operator.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

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
