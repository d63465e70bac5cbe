import { afterEach, describe, expect, test } from '@jest/globals'
import { type StoreId } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { MessageType } from '@base-kv/raft'
import { type ClusterOptions, putAt, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { change, eager, fill, ids, voters } from './operator.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) => (cluster = await startServing(count, options))

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
    expect(out.storage.log.tombstone(leader.range.id)).toBe(replica)
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
        a.store.receive([Object.assign(new v1.RaftMessage(message), bad)])
      }
    }
    await fill(c, 20, 'b')
    await c.alike()
  })
})
