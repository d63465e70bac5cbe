/**
 * Changing who holds a range, from the leader's side: newcomers come in as learners, are waited for until they have
 * (nearly) the whole log, and only then become voters, so that the range never waits for an empty disk to commit.
 *
 * The task lives on the leader; when leadership moves it ends with TryLater and the caller asks the new leader. Every step
 * is a committed configuration, so an interrupted change leaves a working group behind.
 */
import { KvError, type StoreId } from '@base-kv/base'
import type { ChangeResult, Member, RaftStatus } from '@base-kv/raft'

export interface ReplicaTarget {
  readonly voters: readonly StoreId[]
  readonly learners: readonly StoreId[]
}

/** What the task needs of the range. */
export interface ReplicaChangeHost {
  status(): RaftStatus
  changeMembers(target: ReplicaTarget): ChangeResult
  transferLeader(target: StoreId): void
  /** Its store has answered that this replica is not there and never will be. */
  isGone(member: Member): boolean
  /** A newcomer that says nothing for so long is given up. */
  readonly silenceMs: number
  /** Resolves at the range's next turn or tick. */
  nextTurn(): Promise<void>
  nowMs(): number
}

/** A newcomer this close behind is promoted. */
const PROMOTE_BEHIND_MAX = 1_000
export const PATIENCE_MS = 10 * 60_000

export function checkReplicaTarget(target: ReplicaTarget): KvError | null {
  const all = [...target.voters, ...target.learners]
  if (target.voters.length === 0)
    return new KvError('BadRequest', 'a range needs at least one voter', {
      hint: 'a range that has served is never purged: its keys would be nobody’s',
    })
  if (new Set(all).size !== all.length) {
    return new KvError('BadRequest', 'a store is named twice', {
      hint: 'name each store once, as a voter or as a learner',
    })
  }
  return null
}

/** Resolves when the target is the committed configuration. @throws KvError */
export async function changeReplicas(host: ReplicaChangeHost, target: ReplicaTarget): Promise<void> {
  const bad = checkReplicaTarget(target)
  if (bad) throw bad
  const deadlineMs = host.nowMs() + PATIENCE_MS
  const wait = async (done: (status: RaftStatus) => boolean, what: string): Promise<void> => {
    for (;;) {
      const status = host.status()
      if (status.role !== 'leader') throw leaderMoved()
      if (done(status)) return
      if (host.nowMs() > deadlineMs) {
        throw new KvError('TryLater', `gave up after 10 minutes: ${what}`, {
          hint: 'see `base-kv range list` for the store that does not catch up',
        })
      }
      await host.nextTurn()
    }
  }
  const waitForData = (stores: readonly StoreId[], what: string): Promise<void> =>
    wait((status) => {
      for (const { member, silentMs } of status.progress) {
        if (!stores.includes(member.store)) continue
        if (host.isGone(member)) {
          throw new KvError('TryLater', `store ${member.store} cannot hold a replica of this range`, {
            hint: 'see its log; when its disk is sound again, wipe its data folder and name the new store instead',
          })
        }
        if (silentMs > host.silenceMs) {
          throw new KvError('TryLater', `store ${member.store} does not answer`, { hint: 'is its node running?' })
        }
      }
      return stores.every((store) => hasCaughtUp(status, store))
    }, what)
  const change = async (next: ReplicaTarget, what: string): Promise<void> => {
    for (;;) {
      const result = host.changeMembers(next)
      if (result.ok) {
        await wait((status) => !isJoint(status) && status.configIndex >= result.index && settled(status), what)
        return
      }
      if (result.reason === 'notLeader') throw leaderMoved()
      if (result.reason === 'badConfig' || result.reason === 'newVoter') {
        throw new KvError('BadRequest', 'the configuration is refused')
      }
      if (result.reason === 'changeUnderWay') {
        throw new KvError('TryLater', 'another change of this range is under way', { hint: 'wait for it to end' })
      }
      if (host.nowMs() > deadlineMs) throw new KvError('TryLater', `gave up after 10 minutes: ${what}`)
      await host.nextTurn()
    }
  }

  const before = host.status()
  const present = storesOf([...before.config.voters, ...before.config.learners])
  const newcomers = target.voters.filter((store) => !present.includes(store))
  if (newcomers.length > 0) {
    const now = { voters: storesOf(before.config.voters), learners: storesOf(before.config.learners) }
    await change({ ...now, learners: [...now.learners, ...newcomers] }, 'new replicas join as learners')
    try {
      await waitForData(newcomers, 'new replicas fetch the data')
    } catch (thrown) {
      // What did not come about leaves nothing behind, as long as this is still the leader.
      if (host.status().role === 'leader') host.changeMembers(now)
      throw thrown
    }
  }
  const promoted = target.voters.filter((store) => !storesOf(before.config.voters).includes(store))
  await waitForData(promoted, 'learners fetch the data')
  if (!target.voters.includes(host.status().self.store)) handOver(host, target)
  if (!sameTarget(host.status(), target)) await change(target, 'the new configuration is committed')
}

/** A leader that is to leave hands over first, to the best of those that stay. @throws KvError always */
function handOver(host: ReplicaChangeHost, target: ReplicaTarget): never {
  const { progress } = host.status()
  const heirs = progress
    .filter((peer) => peer.voter && target.voters.includes(peer.member.store))
    .sort((a, b) => b.match - a.match || a.silentMs - b.silentMs)
  const [heir] = heirs
  if (!heir) throw new KvError('BadRequest', 'no voter would stay', { hint: 'keep one of the present voters' })
  host.transferLeader(heir.member.store)
  throw new KvError('TryLater', 'the leader is to be removed and hands over first', {
    hint: 'send the same command again: the new leader carries it out',
  })
}

const hasCaughtUp = (status: RaftStatus, store: StoreId): boolean =>
  status.progress.some(
    (peer) =>
      peer.member.store === store && peer.state === 'replicate' && status.lastIndex - peer.match <= PROMOTE_BEHIND_MAX,
  )

const storesOf = (members: readonly { readonly store: StoreId }[]): StoreId[] => members.map(({ store }) => store)

const leaderMoved = () =>
  new KvError('TryLater', 'leadership moved during the change', { hint: 'send the same command again' })

const isJoint = (status: RaftStatus): boolean => status.config.nextVoters.length > 0
const settled = (status: RaftStatus): boolean => status.commit >= status.configIndex

function sameTarget(status: RaftStatus, target: ReplicaTarget): boolean {
  const same = (a: readonly { readonly store: StoreId }[], b: readonly StoreId[]) =>
    a.length === b.length && a.every((member) => b.includes(member.store))
  return !isJoint(status) && same(status.config.voters, target.voters) && same(status.config.learners, target.learners)
}
