/**
 * Elections: when to stand, and whom to vote for.
 *
 * A vote binds: it is given at most once in a term, only to a log at least as new as ours, and its answer leaves after it
 * is durable. A pre-vote binds nobody. Both are refused while a leader was heard within the shortest election timeout, so
 * that a member who only lost sight of the leader disturbs nobody, and so that a lease can be trusted.
 */
import { isVoter, sameMember } from './config.ts'
import type { Core } from './core.ts'
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate, countVotes, electable } from './roles.ts'
import { type Message, MessageType } from './types.ts'

export function campaign(core: Core, force: boolean): void {
  if (core.role === 'leader' || !electable(core)) return
  if (force) becomeCandidate(core, true)
  else becomePreCandidate(core)
}

/** Never changes the own term or vote. */
export function onPreVote(core: Core, message: Message): void {
  const { from, term } = message
  const free = term > core.term || (term === core.term && core.leader === null && mayVoteFor(core, message))
  const grant = free && !core.sticky && isUpToDate(core, message)
  // A grant carries the term of the candidacy (an older one would be dropped as stale), a refusal ours (a candidate that
  // fell behind must learn of it, or it would ask in vain for ever).
  core.sendInTerm(
    core.message(MessageType.preVoteResponse, from, {
      term: grant ? term : core.term,
      reject: !grant,
      round: message.round,
    }),
  )
}

export function onVote(core: Core, message: Message): void {
  const { from, term, force } = message
  const again = term === core.term && core.vote !== null && sameMember(core.vote, from)
  const refused = term < core.term || (!again && !force && core.sticky)
  if (!refused && term > core.term) becomeFollower(core, term, null)
  const grant = !refused && mayVoteFor(core, message) && (again || core.leader === null) && isUpToDate(core, message)
  if (grant && !again) {
    if (core.role !== 'follower') becomeFollower(core, term, null)
    core.vote = from
    core.out.hardState = true
    core.restartTimer()
  }
  core.sendAfterPersist(core.message(MessageType.voteResponse, from, { reject: !grant }))
}

export function onPreVoteResponse(core: Core, message: Message): void {
  const { from, term, reject, round } = message
  if (reject && term > core.term) {
    if (isVoter(core.config, from)) becomeFollower(core, term, null)
    return
  }
  if (core.role !== 'preCandidate' || round !== core.campaignCount) return
  if (!isVoter(core.config, from) || (!reject && term !== core.term + 1)) return
  core.votes.set(from.store, !reject)
  const result = countVotes(core)
  if (result === 'won') becomeCandidate(core, false)
  else if (result === 'lost') becomeFollower(core, core.term, null)
}

/** The term is ours. */
export function onVoteResponse(core: Core, message: Message): void {
  if (core.role !== 'candidate' || !isVoter(core.config, message.from)) return
  core.votes.set(message.from.store, !message.reject)
  concludeCandidacy(core)
}

/** The own vote counts like any other: once it is durable. */
export function onVotePersisted(core: Core): void {
  if (core.role !== 'candidate' || !core.disk.votedFor(core.self, core.term)) return
  if (core.votes.has(core.self.store) || !isVoter(core.config, core.self)) return
  core.votes.set(core.self.store, true)
  concludeCandidacy(core)
}

function concludeCandidacy(core: Core): void {
  const result = countVotes(core)
  if (result === 'won') becomeLeader(core)
  else if (result === 'lost') becomeFollower(core, core.term, null)
}

/** The newer last term wins, then the longer log. */
function isUpToDate(core: Core, { index, logTerm }: Message): boolean {
  const { last, lastTerm } = core.log
  return logTerm > lastTerm || (logTerm === lastTerm && index >= last)
}

function mayVoteFor(core: Core, { from }: Message): boolean {
  return core.vote === null || sameMember(core.vote, from)
}
