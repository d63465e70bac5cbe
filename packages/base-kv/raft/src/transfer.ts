/**
 * Handing leadership over. Proposals are refused until the target has everything, then it is told to stand at once; the
 * members that vote for it need not wait for our silence, so the lease ends when the transfer starts, and stays away for
 * the rest of the term once the word is out: it may arrive at any later time.
 */
import type { StoreId } from '@base-kv/base'
import { isJoint, sameMember } from './config.ts'
import type { Core, Leading } from './core.ts'
import type { Peer } from './progress.ts'
import { becomeFollower } from './roles.ts'
import { MessageType, type TransferResult } from './types.ts'

/** A target may be this many entries behind: refusing proposals lets it catch up within a round trip or two. */
const ENTRIES_BEHIND_MAX = 4096

export function transferLeader(core: Core, target: StoreId): TransferResult {
  const { leading, nowMs } = core
  if (!leading) return { ok: false, reason: 'notLeader' }
  if (leading.transfer) return { ok: false, reason: 'transferring' }
  if (target === core.self.store) return { ok: false, reason: 'self' }
  if (isJoint(core.config)) return { ok: false, reason: 'joint' }
  const peer = leading.peers.get(target)
  if (!peer?.voter) return { ok: false, reason: 'notVoter' }
  const heardMs = Math.max(peer.answeredMs, leading.watchFromMs)
  if (nowMs - heardMs >= core.options.electionTimeoutMs) return { ok: false, reason: 'notAlive' }
  if (peer.state !== 'replicate' || core.log.last - peer.match > ENTRIES_BEHIND_MAX) {
    return { ok: false, reason: 'notCaughtUp' }
  }
  leading.transfer = { target, deadlineMs: nowMs + core.options.electionTimeoutMs, sent: false }
  leading.due = true
  core.out.status = true
  return { ok: true }
}

/** Tells the target once it has everything. */
export function continueTransfer(core: Core, leading: Leading): void {
  const { transfer } = leading
  if (!transfer || transfer.sent) return
  const peer = leading.peers.get(transfer.target)
  if (peer?.match !== core.log.last) return
  transfer.sent = true
  tellToStand(core, leading, peer)
}

export function abortLateTransfer(core: Core, leading: Leading): void {
  if (!leading.transfer || core.nowMs < leading.transfer.deadlineMs) return
  leading.transfer = null
  core.out.status = true
}

/** Stops leading and asks the voter with the longest log to take over, which saves the others an election timeout. */
export function handOver(core: Core, leading: Leading): void {
  let best: Peer | undefined
  for (const peer of leading.peers.values()) {
    if (!peer.self && peer.voter && peer.match >= core.commit && peer.match > (best?.match ?? 0)) best = peer
  }
  if (best && !sameMember(best.member, core.self)) tellToStand(core, leading, best)
  becomeFollower(core, core.term, null)
}

function tellToStand(core: Core, leading: Leading, peer: Peer): void {
  leading.leaseBarred = true
  core.send(core.message(MessageType.timeoutNow, peer.member))
}
