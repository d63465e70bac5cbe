/**
 * Linearizable reads without a log entry, and leases.
 *
 * A read may be served at the commit index of its arrival once a majority has confirmed, after its arrival, that nobody
 * newer leads. The confirmation is an answered heartbeat round; its number is the leader's own, never a caller's, and
 * never used twice, so a late answer cannot speak for a later read. All reads that wait share one round; those that
 * arrive while it is under way share the next. A new leader first has to commit an entry of its own term, else its commit
 * index may be old: reads that come before are held.
 */
import type { LogIndex } from '@base-kv/base'
import type { Core, Leading } from './core.ts'
import type { Peer } from './progress.ts'
import { jointValue } from './quorum.ts'
import { sendHeartbeats } from './replication.ts'

export const termCommitted = (core: Core, leading: Leading): boolean => core.commit >= leading.termStart

/** Begins a round when reads wait and none is under way. @returns whether it did. */
export function startReadRound(core: Core, leading: Leading): boolean {
  if (leading.readsWaiting.length === 0 || leading.readsInRound.length > 0) return false
  if (!termCommitted(core, leading)) return false
  sendHeartbeats(core, leading)
  joinRound(core, leading)
  return true
}

/** A round that is sent anyway confirms whoever waits. */
export function joinRound(core: Core, leading: Leading): void {
  if (!termCommitted(core, leading)) return
  for (const request of leading.readsWaiting) {
    leading.readsInRound.push({ request, index: core.commit, round: leading.round })
  }
  leading.readsWaiting.length = 0
}

/** Hands out the reads whose round a quorum has answered. */
export function confirmReads(core: Core, leading: Leading): void {
  const answered = answeredRound(leading)
  while (leading.sentRounds.length > 1 && (leading.sentRounds[1] as { round: number }).round <= answered) {
    leading.sentRounds.shift()
  }
  const { readsInRound } = leading
  let count = 0
  for (const read of readsInRound) {
    if (read.round > answered) break
    core.out.reads.push({ request: read.request, index: read.index as LogIndex })
    count++
  }
  if (count > 0) readsInRound.splice(0, count)
}

/** The newest round that a majority of each half has answered; oneself answers at once. */
function answeredRound(leading: Leading): number {
  const rounds = (peers: readonly Peer[]): number[] => peers.map((peer) => (peer.self ? leading.round : peer.round))
  return jointValue(rounds(leading.voters), rounds(leading.nextVoters))
}

/**
 * The lease: from the sending of the newest answered round a follower's silence is certain for the shortest election
 * timeout; clocks may drift, so only a share of it counts. Compared now, with the clock: a timer could be late.
 */
export function leaseReadIndex(core: Core, leading: Leading): LogIndex | null {
  const { options, nowMs } = core
  if (!options.lease || core.asleep || leading.transfer !== null || leading.leaseBarred) return null
  if (!termCommitted(core, leading)) return null
  if (!onlySelf(leading)) {
    const answered = answeredRound(leading)
    let sentMs = Number.NEGATIVE_INFINITY
    for (const sent of leading.sentRounds) if (sent.round <= answered) sentMs = sent.sentMs
    if (sentMs < leading.leaseFromMs || nowMs >= sentMs + options.leaseShare * options.electionTimeoutMs) return null
  }
  return core.commit as LogIndex
}

const onlySelf = (leading: Leading): boolean =>
  leading.voters.every((peer) => peer.self) && leading.nextVoters.every((peer) => peer.self)
