/**
 * An idle group sleeps: no heartbeats, no timeouts. The leader asks everybody alive, each agrees when it has everything
 * applied, and only when all have agreed it falls silent itself. Whoever the leader counts as dead is not asked: its
 * return, like the death of any member's host, is told from outside (`wake`).
 *
 * Waking trusts nothing from before: CheckQuorum's window begins anew, there is no lease, and timeouts are drawn again.
 */
import { configMembers, isJoint, sameMember } from './config.ts'
import type { Core, Leading } from './core.ts'
import type { Peer } from './progress.ts'
import { sendHeartbeats } from './replication.ts'
import { joinRound, termCommitted } from './reads.ts'
import { type Message, MessageType } from './types.ts'

/** Idle for so many election timeouts before the first try. */
const IDLE_ELECTION_TIMEOUTS = 2

/** After a heartbeat: asks the others to sleep when there is nothing to do. */
export function askToSleep(core: Core, leading: Leading): void {
  // Somebody may not be ready for long: those who were are woken by the next heartbeat, so do not ask with each.
  if (core.nowMs - leading.sleepAskedMs < core.options.electionTimeoutMs || !mayRest(core, leading)) return
  leading.sleepAskedMs = core.nowMs
  // The next heartbeat would wake those who agree: with many groups at once their answers may need more than its interval.
  leading.heartbeatDueMs = core.nowMs + core.options.electionTimeoutMs / 2
  for (const peer of leading.peers.values()) {
    if (peer.self) continue
    peer.sleepsAt = -1
    if (!isAlive(core, leading, peer.answeredMs)) continue
    core.send(
      core.message(MessageType.sleep, peer.member, { index: core.log.last, commit: core.commit, round: leading.round }),
    )
  }
  fallAsleep(core, leading)
}

/** The leader asks: agree when there is nothing left to do here either. */
export function onSleep(core: Core, message: Message): void {
  const { index, commit, round } = message
  const done = core.log.last === index && core.commit === commit && core.applied === commit
  if (!done || core.disk.stable !== index || core.pull !== null || core.diskHangs || !core.options.hibernate) return
  rest(core)
  core.sendInTerm(core.message(MessageType.sleepResponse, message.from, { index, round }))
}

/** A follower agrees. */
export function onSleepResponse(core: Core, leading: Leading, peer: Peer, message: Message): void {
  if (message.round !== leading.round) return
  peer.sleepsAt = message.index
  fallAsleep(core, leading)
}

function fallAsleep(core: Core, leading: Leading): void {
  if (core.asleep || !mayRest(core, leading)) return
  for (const peer of leading.peers.values()) {
    if (!peer.self && isAlive(core, leading, peer.answeredMs) && peer.sleepsAt !== core.log.last) return
  }
  rest(core)
}

/** A thousand sleeping groups must not hold a thousand caches. */
function rest(core: Core): void {
  core.asleep = true
  core.out.status = true
  core.log.trim(core.handedOut, 0)
}

function mayRest(core: Core, leading: Leading): boolean {
  const { options, log } = core
  if (!options.hibernate || leading.transfer !== null || isJoint(core.config) || !termCommitted(core, leading))
    return false
  if (core.nowMs - leading.busyMs < IDLE_ELECTION_TIMEOUTS * options.electionTimeoutMs) return false
  if (core.commit !== log.last || core.applied !== core.commit || core.disk.stable !== log.last) return false
  if (leading.readsWaiting.length > 0 || leading.readsInRound.length > 0) return false
  for (const peer of leading.peers.values()) {
    if (peer.self || !isAlive(core, leading, peer.answeredMs)) continue
    if (peer.state !== 'replicate' || peer.match !== log.last || peer.commitSent < core.commit) return false
  }
  return true
}

function isAlive(core: Core, leading: Leading, answeredMs: number): boolean {
  return core.nowMs - Math.max(answeredMs, leading.watchFromMs) < core.options.electionTimeoutMs
}

/** Somebody wants something: `here`, or a message says so. */
export function wakeUp(core: Core, here: boolean): void {
  const { leading } = core
  if (leading) leading.busyMs = core.nowMs
  if (!core.asleep) return
  core.asleep = false
  core.out.status = true
  core.lastTickMs = core.nowMs
  core.restartTimer()
  if (leading) {
    leading.watchFromMs = core.nowMs
    leading.leaseFromMs = core.nowMs
    sendHeartbeats(core, leading)
    joinRound(core, leading)
  } else {
    // The leader was silent by agreement, so that says nothing: whoever stands now has to wait a timeout for its word.
    core.heardLeaderMs = core.nowMs
    if (!here) return
    // Everybody: if the leader is dead the others must not sleep through the election.
    for (const member of configMembers(core.config)) {
      if (!sameMember(member, core.self)) core.send(core.message(MessageType.wake, member))
    }
  }
}
