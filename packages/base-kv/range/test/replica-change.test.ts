import { describe, expect, test } from '@jest/globals'
import { logIndex, replicaId, type StoreId, storeId } from '@base-kv/base'
import { type ChangeResult, type Member, type RaftStatus, type Role } from '@base-kv/raft'
import { changeReplicas, type ReplicaChangeHost, type ReplicaTarget } from '../src/replica-change.ts'

const id = (n: number): StoreId => storeId(`00000000-0000-4000-8000-00000000000${n}`)
const [A, B, C, D] = [id(1), id(2), id(3), id(4)]

/** A leader on A whose every change is committed at once; followers catch up when told. */
class Leader implements ReplicaChangeHost {
  voters: StoreId[] = [A, B, C]
  learners: StoreId[] = []
  role: Role = 'leader'
  readonly behind = new Map<StoreId, number>()
  readonly gone = new Set<StoreId>()
  readonly changes: ReplicaTarget[] = []
  readonly transfers: StoreId[] = []
  result: (() => ChangeResult | null) | null = null
  onTurn: () => void = () => {}
  ms = 0
  index = 5
  silenceMs = 600_000
  silentMs = 1

  status(): RaftStatus {
    const member = (store: StoreId): Member => ({ store, replica: replicaId(1) })
    return {
      self: member(A),
      role: this.role,
      commit: logIndex(this.index),
      configIndex: logIndex(this.index),
      lastIndex: logIndex(10_000),
      config: {
        voters: this.voters.map(member),
        learners: this.learners.map(member),
        nextVoters: [],
        nextLearners: [],
      },
      progress: [...this.voters, ...this.learners]
        .filter((store) => store !== A)
        .map((store) => ({
          member: member(store),
          voter: this.voters.includes(store),
          match: logIndex(10_000 - (this.behind.get(store) ?? 0)),
          next: logIndex(10_001),
          state: 'replicate',
          inflight: 0,
          silentMs: this.silentMs,
        })),
    } as unknown as RaftStatus
  }

  changeMembers(target: ReplicaTarget): ChangeResult {
    const refused = this.result?.()
    if (refused) return refused
    this.changes.push(target)
    for (const store of [...target.voters, ...target.learners]) {
      if (!this.voters.includes(store) && !this.learners.includes(store)) this.behind.set(store, 5_000)
    }
    this.voters = [...target.voters]
    this.learners = [...target.learners]
    this.index++
    return { ok: true, index: logIndex(this.index), term: 1 as never }
  }

  transferLeader(target: StoreId): void {
    this.transfers.push(target)
  }

  isGone({ store }: Member): boolean {
    return this.gone.has(store)
  }

  async nextTurn(): Promise<void> {
    this.ms += 60_000
    this.onTurn()
  }

  nowMs(): number {
    return this.ms
  }
}

describe('a change of replicas', () => {
  test('lets newcomers catch up as learners before they vote', async () => {
    const leader = new Leader()
    let turns = 0
    leader.onTurn = () => {
      if (++turns === 3) leader.behind.set(D, 10)
    }
    await changeReplicas(leader, { voters: [A, B, D], learners: [C] })
    expect(leader.changes).toEqual([
      { voters: [A, B, C], learners: [D] },
      { voters: [A, B, D], learners: [C] },
    ])
    expect(turns).toBe(3)
  })

  test('waits for a learner that is to vote', async () => {
    const leader = new Leader()
    leader.learners = [D]
    leader.behind.set(D, 5_000)
    leader.onTurn = () => {
      expect(leader.changes).toEqual([])
      leader.behind.set(D, 0)
    }
    await changeReplicas(leader, { voters: [A, B, C, D], learners: [] })
    expect(leader.changes).toEqual([{ voters: [A, B, C, D], learners: [] }])
  })

  test('whose newcomer does not come is taken back after ten minutes', async () => {
    const leader = new Leader()
    await expect(changeReplicas(leader, { voters: [A, B, C, D], learners: [] })).rejects.toMatchObject({
      code: 'TryLater',
    })
    expect([leader.voters, leader.learners]).toEqual([[A, B, C], []])
  })

  test('whose newcomer can never come is taken back at once', async () => {
    const leader = new Leader()
    leader.gone.add(D)
    await expect(changeReplicas(leader, { voters: [A, B, C, D], learners: [] })).rejects.toMatchObject({
      message: expect.stringContaining(D),
    })
    expect(leader.ms).toBe(0)
    expect(leader.learners).toEqual([])
  })

  test('whose newcomer says nothing is taken back', async () => {
    const leader = new Leader()
    leader.silenceMs = 15_000
    leader.onTurn = () => {
      leader.silentMs = leader.ms
    }
    await expect(changeReplicas(leader, { voters: [A, B, C, D], learners: [] })).rejects.toMatchObject({
      message: expect.stringContaining('does not answer'),
    })
    expect(leader.ms).toBe(60_000)
    expect(leader.learners).toEqual([])
  })

  test('ends when leadership moves, and touches nothing any more', async () => {
    const leader = new Leader()
    leader.onTurn = () => {
      leader.role = 'follower'
    }
    await expect(changeReplicas(leader, { voters: [A, B, C, D], learners: [] })).rejects.toMatchObject({
      code: 'TryLater',
    })
    expect(leader.changes).toHaveLength(1)
  })

  test('that removes the leader hands over to the best of those that stay', async () => {
    const leader = new Leader()
    leader.behind.set(B, 7)
    await expect(changeReplicas(leader, { voters: [B, C], learners: [] })).rejects.toMatchObject({ code: 'TryLater' })
    expect(leader.transfers).toEqual([C])
    expect(leader.changes).toEqual([])
  })

  test('to what is there already changes nothing', async () => {
    const leader = new Leader()
    await changeReplicas(leader, { voters: [C, A, B], learners: [] })
    expect(leader.changes).toEqual([])
  })

  test.each([
    ['changeUnderWay', 'TryLater'],
    ['badConfig', 'BadRequest'],
    ['newVoter', 'BadRequest'],
    ['notLeader', 'TryLater'],
  ] as const)('that the core refuses with %s fails with %s', async (reason, code) => {
    const leader = new Leader()
    leader.result = () => ({ ok: false, reason })
    await expect(changeReplicas(leader, { voters: [A, B], learners: [] })).rejects.toMatchObject({ code })
  })

  test('is asked again while the core is not ready', async () => {
    const leader = new Leader()
    let asked = 0
    leader.result = () => (++asked < 4 ? { ok: false, reason: 'termNotCommitted' } : null)
    await changeReplicas(leader, { voters: [A, B], learners: [] })
    expect(leader.voters).toEqual([A, B])
  })
})
