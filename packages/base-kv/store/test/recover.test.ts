/** A range whose quorum is lost for good goes on with one replica; what the lost ones still believe harms nobody. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { generationOf } from '@base-kv/raft'
import { putAt, startServing, type TestCluster, type TestNode, until } from './cluster.ts'
import { change, fill, ids, voters } from './operator.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number) => (cluster = await startServing(count))

/** As an operator does: when no leader was heard for a while. */
async function recover(node: TestNode): Promise<void> {
  const { id } = node.range
  await until(async () => {
    try {
      return await node.store.recover(id)
    } catch (thrown) {
      if ((thrown as { code?: string }).code === 'TryLater' || node.range.leader !== null) return false
      throw thrown
    }
  }, 'it is recovered')
  await until(() => node.range.isLeader && node.range.ver.high >= 2 ** 16, 'it leads alone')
}

/** What nodes tell each other when they meet. */
function meet(a: TestNode, b: TestNode): void {
  a.store.heardRenewed(b.id, b.store.renewed)
  b.store.heardRenewed(a.id, a.store.renewed)
}

describe('recover', () => {
  test('a lone survivor serves what it has, durably, under a new replica id and a much higher version', async () => {
    const c = await serve(3)
    await fill(c, 40, 'a')
    await c.alike()
    const [survivor, ...lost] = c.nodes as [TestNode, TestNode, TestNode]
    const { ver } = survivor.range
    for (const node of lost) await node.crash()
    await until(() => survivor.range.leader === null, 'nobody leads')
    expect(await putAt(survivor, 'k', 'v')).toMatchObject({ code: 'TryLater' })
    await recover(survivor)
    expect(survivor.range.ver).toEqual({ high: ver.high + 2 ** 16, low: 0 })
    expect(voters(survivor)).toEqual([survivor.id])
    expect(generationOf(survivor.range.self.replica)).toBe(1)
    expect(await c.get('a-39')).toContain('x')
    await c.put('behind', 'v')
    for (let again = 0; again < 2; again++) {
      await survivor.crash()
      await survivor.start()
      expect(survivor.described?.damage).toBe('')
      expect(await c.get('behind')).toBe('v')
      expect(survivor.range.ver.high).toBe(ver.high + 2 ** 16)
    }
  })

  test('entries that were not committed are kept: a lost majority may have acknowledged them', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const others = c.nodes.filter((node) => node !== leader)
    await fill(c, 20, 'a')
    c.passes = ({ from }) => from === leader
    const late = putAt(leader, 'late', 'v')
    const { lastIndex } = leader.range.describe()
    const survivor = others[0]!
    await until(() => survivor.range.describe().lastIndex > lastIndex, 'a follower has the entry')
    await leader.crash()
    await others[1]!.crash()
    c.passes = () => true
    await late
    await recover(survivor)
    expect(await c.get('late')).toBe('v')
  })

  test('is refused while there is a leader, where there is no replica, and is not done twice', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const follower = c.follower(leader)
    const { id } = leader.range
    await expect(leader.store.recover(id)).rejects.toMatchObject({ code: 'BadRequest' })
    await expect(follower.store.recover(id)).rejects.toMatchObject({ code: 'BadRequest' })
    const stranger = await c.add('stranger').start()
    await expect(stranger.store.recover(id)).rejects.toMatchObject({ code: 'NotFound' })
    for (const node of c.nodes) if (node !== follower) await node.stop()
    await recover(follower)
    await expect(follower.store.recover(id)).rejects.toMatchObject({ code: 'BadRequest' })
    expect(follower.range.ver.high).toBe(2 ** 16)
  })

  test('right after the others died it may still believe in a leader: it says to ask again, not that it has one', async () => {
    const c = await serve(3)
    const leader = await c.leader()
    const [survivor, other] = c.nodes.filter((node) => node !== leader) as [TestNode, TestNode]
    await until(() => survivor.range.leader === leader.id, 'it follows')
    for (const node of [leader, other]) await node.crash()
    await expect(survivor.store.recover(survivor.range.id)).rejects.toMatchObject({ code: 'TryLater' })
    await recover(survivor)
  })

  test('two operators at once: one of them does it', async () => {
    const c = await serve(3)
    const [survivor, ...lost] = c.nodes as [TestNode, TestNode, TestNode]
    for (const node of lost) await node.crash()
    const { id } = survivor.range
    const both = () => Promise.allSettled([survivor.store.recover(id), survivor.store.recover(id)])
    let outcomes = await both()
    while (outcomes.every(({ status }) => status === 'rejected')) {
      await survivor.range.nextTurn()
      outcomes = await both()
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'TryLater' } })
    await until(() => survivor.range.isLeader, 'it leads alone')
    expect(generationOf(survivor.range.self.replica)).toBe(1)
  })

  test('lost ones that return neither win nor serve, and are refilled when they are taken in again', async () => {
    const c = await serve(3)
    await fill(c, 20, 'a')
    await c.alike()
    const [survivor, ...lost] = c.nodes as [TestNode, TestNode, TestNode]
    const { id } = survivor.range
    const before = new Map(lost.map((node) => [node, node.range.self.replica]))
    for (const node of lost) await node.crash()
    await recover(survivor)
    await c.put('behind', 'v')
    for (const node of lost) {
      await node.start()
      for (const other of c.running) if (other !== node) meet(node, other)
      expect(node.hasRange).toBe(false)
    }
    await until(
      () => lost.every((node) => node.storage.log.tombstone(id) === before.get(node) && !node.described),
      'the leader’s word has them destroyed',
    )
    expect(lost.some((node) => node.logged('leads') && node.lines.at(-1)?.message === 'leads')).toBe(false)
    await change(c, c.nodes)
    expect(voters(survivor)).toEqual(ids(c.nodes).sort())
    await c.alike()
    expect(lost.map((node) => generationOf(node.range.self.replica))).toEqual([1, 1])
    await survivor.stop()
    await c.put('without it', 'v')
    expect(await c.get('behind')).toBe('v')
  })

  test('what was overruled stays so after a restart, and one that never met the survivor is told by any member', async () => {
    const c = await serve(3)
    const [survivor, back, last] = c.nodes as [TestNode, TestNode, TestNode]
    await fill(c, 20, 'a')
    await c.alike()
    await back.crash()
    await last.crash()
    await recover(survivor)
    const fresh = await c.add('fresh').start()
    await change(c, [survivor, fresh])
    c.passes = ({ to, from }) => to !== back && from !== back
    await back.start()
    meet(back, fresh)
    expect(back.described?.damage).toContain('recovered without it')
    await back.crash()
    await back.start()
    expect(back.described?.damage).toContain('recovered without it')
    expect(back.hasRange).toBe(false)
    await change(c, [fresh])
    await until(() => !survivor.hasRange, 'it is told')
    // It left, and still knows.
    await last.start()
    meet(last, survivor)
    expect(last.hasRange).toBe(false)
    c.passes = () => true
    await change(c, [fresh, back, last])
    await c.alike([fresh, back, last])
  })

  test('messages alone are enough', async () => {
    const c = await serve(3)
    const [survivor, ...lost] = c.nodes as [TestNode, TestNode, TestNode]
    await c.put('k', 'v')
    await c.alike()
    for (const node of lost) await node.crash()
    await recover(survivor)
    for (const node of lost) await node.start()
    await until(() => lost.every((node) => !node.hasRange), 'they are told')
    await c.put('k', 'w')
    await change(c, c.nodes)
    await c.alike()
  })

  test('two of five: the one that is not chosen is overruled at once and comes in again', async () => {
    const c = await serve(5)
    const [first, second, ...lost] = c.nodes as [TestNode, TestNode, ...TestNode[]]
    await fill(c, 20, 'a')
    await c.alike()
    for (const node of lost) await node.crash()
    await recover(first)
    await until(() => !second.hasRange, 'the other survivor is overruled')
    await c.put('k', 'v')
    await change(c, [first, second])
    await c.alike()
  })
})
