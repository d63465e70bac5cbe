/**
 * The four roles and how one becomes another.
 *
 * - follower: hears a leader, or waits for its timeout.
 * - preCandidate: asks whether it would be elected; binds nobody, raises no term.
 * - candidate: asks for votes in a new term; its own counts only once it is durable.
 * - leader: elected by a majority of each half.
 */
import { type LogIndex, type StoreId, type Term } from '@base-kv/base'
import { configMembers, configVoters, hasMember, isVoter, sameMember } from './config.ts'
import type { Core, Leading } from './core.ts'
import { newPeer, type Peer } from './progress.ts'
import { jointVoteResult, type VoteResult } from './quorum.ts'
import { EntryType, type Member, MessageType } from './types.ts'

/** Also the way to a newer term; `leader` is whoever is known to lead in it. */
export function becomeFollower(core: Core, term: number, leader: Member | null): void {
  if (core.leading) {
    for (const read of core.leading.readsInRound) core.out.aborted.push(read.request)
    core.out.aborted.push(...core.leading.readsWaiting)
    core.leading = null
  }
  if (term > core.term) {
    core.term = term
    core.vote = null
    core.out.hardState = true
  }
  core.role = 'follower'
  core.leader = leader
  core.votes.clear()
  core.asleep = false
  core.out.status = true
  core.restartTimer()
}

/**
 * A member that may lead: a voter with a log, a moving disk, and no snapshot under way. One whose removal is not
 * committed for all it knows stands too: it may be the only one whose log has that entry, and nobody with a shorter log
 * could be elected without it. It leads, without a vote of its own, until the entry is committed (thesis 4.2.2).
 */
export function electable(core: Core): boolean {
  if (core.pull !== null || core.diskHangs || core.log.snapshotIndex === 0) return false
  return (
    isVoter(core.config, core.self) ||
    core.log.configsSince(core.commit).some(({ config }) => isVoter(config, core.self))
  )
}

export function becomePreCandidate(core: Core): void {
  core.role = 'preCandidate'
  core.leader = null
  core.forced = false
  startCandidacy(core)
  if (isVoter(core.config, core.self)) core.votes.set(core.self.store, true)
  const { last, lastTerm } = core.log
  for (const member of configVoters(core.config)) {
    if (sameMember(member, core.self)) continue
    const fields = { term: core.term + 1, index: last, logTerm: lastTerm, round: core.campaignCount }
    core.send(core.message(MessageType.preVote, member, fields))
  }
  if (countVotes(core) === 'won') becomeCandidate(core, false)
}

/** `force`: the leader itself asked for it, so nobody needs to stay true to it. */
export function becomeCandidate(core: Core, force: boolean): void {
  core.role = 'candidate'
  core.leader = null
  core.forced = force
  core.term++
  core.vote = core.self
  core.out.hardState = true
  startCandidacy(core)
  const { last, lastTerm } = core.log
  for (const member of configVoters(core.config)) {
    if (sameMember(member, core.self)) continue
    // After the write: a crash between would bring this candidacy back with a shorter log, and old grants would count.
    core.sendAfterPersist(core.message(MessageType.vote, member, { index: last, logTerm: lastTerm, force }))
  }
}

function startCandidacy(core: Core): void {
  core.votes.clear()
  core.campaignCount++
  core.asleep = false
  core.out.status = true
  core.restartTimer()
}

export function countVotes(core: Core): VoteResult {
  const of = (list: readonly Member[]): (boolean | undefined)[] => list.map(({ store }) => core.votes.get(store))
  return jointVoteResult(of(core.config.voters), of(core.config.nextVoters))
}

export function becomeLeader(core: Core): void {
  const { nowMs } = core
  core.role = 'leader'
  core.leader = core.self
  core.votes.clear()
  core.out.status = true
  const leading: Leading = {
    peers: new Map<StoreId, Peer>(),
    voters: [],
    nextVoters: [],
    termStart: core.log.last + 1,
    heartbeatDueMs: nowMs + core.options.heartbeatIntervalMs,
    watchFromMs: nowMs,
    round: core.roundCount,
    sentRounds: [],
    leaseFromMs: nowMs,
    leaseBarred: false,
    readsWaiting: [],
    readsInRound: [],
    transfer: null,
    uncommittedBytes: 0,
    busyMs: nowMs,
    sleepAskedMs: nowMs,
    due: true,
  }
  core.leading = leading
  followConfig(core, leading)
  appendOwn(core, leading, EntryType.noop, new Uint8Array(0))
}

/** A leader's entry; it is sent and written by the next `ready`. @returns its index. */
export function appendOwn(core: Core, leading: Leading, type: EntryType, data: Uint8Array): LogIndex {
  const index = (core.log.last + 1) as LogIndex
  const configChanged = core.log.append({ index, term: core.term as Term, type, data })
  leading.uncommittedBytes += data.length
  leading.busyMs = core.nowMs
  leading.due = true
  if (configChanged) {
    core.out.status = true
    followConfig(core, leading)
  }
  return index
}

/** Members and halves after the newest configuration. */
function followConfig(core: Core, leading: Leading): void {
  const { config } = core
  const members = configMembers(config)
  for (const peer of leading.peers.values()) {
    if (!hasMember(members, peer.member)) leading.peers.delete(peer.member.store)
  }
  for (const member of members) {
    const self = sameMember(member, core.self)
    let peer = leading.peers.get(member.store)
    if (!peer) {
      peer = newPeer(member, core.options, { self, next: core.log.last + 1, nowMs: core.nowMs })
      if (self) peer.match = core.disk.stable
      leading.peers.set(member.store, peer)
    }
    peer.voter = isVoter(config, member)
  }
  const of = (list: readonly Member[]): Peer[] => list.map(({ store }) => leading.peers.get(store) as Peer)
  leading.voters = of(config.voters)
  leading.nextVoters = of(config.nextVoters)
}
