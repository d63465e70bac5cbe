/**
 * A message from a peer: is it for us, is its sender who we think, what does its term say, and then whose business it is.
 * Nothing here throws for what a peer sends: a message that makes no sense is dropped.
 */
import { configMembers, hasMember, memberOf, sameMember } from './config.ts'
import type { Core } from './core.ts'
import { campaign, onPreVote, onPreVoteResponse, onVote, onVoteResponse } from './election.ts'
import { onAppend, onHeartbeat, onSnapshotOffer } from './follower.ts'
import { onSleep, onSleepResponse, wakeUp } from './hibernation.ts'
import { toProbe } from './progress.ts'
import { onAppendResponse, onHeartbeatResponse } from './replication.ts'
import { becomeFollower } from './roles.ts'
import { type Message, MessageType } from './types.ts'

export function step(core: Core, message: Message): void {
  const { from, to, type } = message
  if (to.store !== core.self.store || from.store === core.self.store) return
  if (to.replica !== core.self.replica) {
    // An older replica of this store is gone for good; a newer one is not here yet.
    if (to.replica < core.self.replica && type !== MessageType.gone) {
      core.send({ ...core.message(MessageType.gone, from), from: to })
    }
    return
  }
  // The sender's store holds a newer member by now: this is an echo of its former one.
  const known = memberOf(core.config, from.store)
  if (known && known.replica > from.replica) return
  if (!quiet.has(type)) wakeUp(core, false)
  switch (type) {
    case MessageType.preVote:
      return onPreVote(core, message)
    case MessageType.vote:
      return onVote(core, message)
    case MessageType.preVoteResponse:
      return onPreVoteResponse(core, message)
    case MessageType.voteResponse:
    case MessageType.appendResponse:
    case MessageType.heartbeatResponse:
    case MessageType.sleepResponse:
      return onAnswer(core, message)
    case MessageType.append:
    case MessageType.heartbeat:
    case MessageType.snapshotOffer:
    case MessageType.timeoutNow:
    case MessageType.sleep:
      return onLeaderMessage(core, message)
    case MessageType.gone:
      return onGone(core, message)
    case MessageType.wake:
  }
}

/** What a sleeping leader may get late, and what puts a follower to sleep: no reason to wake. */
const quiet: ReadonlySet<MessageType> = new Set([
  MessageType.appendResponse,
  MessageType.heartbeatResponse,
  MessageType.sleep,
  MessageType.sleepResponse,
])

function onAnswer(core: Core, message: Message): void {
  const { from, term, type } = message
  if (term > core.term) {
    // A term that a former member carries is none of ours: a leader that yielded to it could be deposed for ever.
    if (hasMember(configMembers(core.config), from)) becomeFollower(core, term, null)
    return
  }
  if (term < core.term) return
  if (type === MessageType.voteResponse) return onVoteResponse(core, message)
  const peer = core.leading?.peers.get(from.store)
  if (!core.leading || !peer || !sameMember(peer.member, from)) return
  if (type === MessageType.appendResponse) onAppendResponse(core, core.leading, peer, message)
  else if (type === MessageType.heartbeatResponse) onHeartbeatResponse(core, core.leading, peer, message)
  else onSleepResponse(core, core.leading, peer, message)
}

function onLeaderMessage(core: Core, message: Message): void {
  const { from, term, type } = message
  if (term < core.term) {
    // Let the old leader know, or a member with a newer term stays cut off from it for ever.
    const answers = type !== MessageType.timeoutNow && type !== MessageType.sleep
    if (answers) {
      core.sendInTerm(core.message(MessageType.appendResponse, from, { reject: true, index: message.index }))
    }
    return
  }
  if (term > core.term || core.role === 'candidate' || core.role === 'preCandidate') becomeFollower(core, term, from)
  else if (core.leading) return
  else if (core.leader === null) {
    core.leader = from
    core.out.status = true
  } else if (!sameMember(core.leader, from)) return
  // Whatever it says, it is alive: also when our log does not fit yet.
  core.heardLeaderMs = core.nowMs
  core.timerStartMs = core.nowMs
  switch (type) {
    case MessageType.append:
      return onAppend(core, message)
    case MessageType.heartbeat:
      return onHeartbeat(core, message)
    case MessageType.snapshotOffer:
      return onSnapshotOffer(core, message)
    case MessageType.sleep:
      return onSleep(core, message)
    case MessageType.timeoutNow:
      campaign(core, true)
  }
}

/** That replica is not there any more. Nothing is decided by it; only do not pour appends into the void. */
function onGone(core: Core, message: Message): void {
  const peer = core.leading?.peers.get(message.from.store)
  if (!peer || !sameMember(peer.member, message.from)) return
  toProbe(peer, peer.match + 1)
  peer.paused = true
}
