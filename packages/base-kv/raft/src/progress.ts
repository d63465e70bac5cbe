/**
 * What a leader knows of one member, itself included.
 *
 * - probe: where its log agrees is not known; one append at a time, paused until it is answered.
 * - replicate: appends stream ahead of the answers, bounded by the window.
 * - snapshot: what it needs next is cut off; it was offered a snapshot, and nothing is sent until it answers.
 */
import { Inflight } from './inflight.ts'
import type { Member, RaftOptions } from './types.ts'

export interface Peer {
  readonly member: Member
  readonly self: boolean
  voter: boolean
  /** The follower's durable log equals ours up to here. Only rises within a term. Invariant: match < next <= last + 1. */
  match: number
  /** The next entry to send. */
  next: number
  state: 'probe' | 'replicate' | 'snapshot'
  /** probe: an append is on its way. */
  paused: boolean
  readonly inflight: Inflight
  /** The commit index that the newest message told it. */
  commitSent: number
  answeredMs: number
  /** `match` when the last heartbeat was answered: no progress since means that an append may be lost. */
  matchAtBeat: number
  /** Newest heartbeat round that it answered. */
  round: number
  /** snapshot: the index on offer, and when it was last offered. */
  offered: number
  offeredMs: number
  /** The `sleep` that it agreed to, by index. */
  sleepsAt: number
}

export function newPeer(
  member: Member,
  options: RaftOptions,
  at: { readonly self: boolean; readonly next: number; readonly nowMs: number },
): Peer {
  return {
    member,
    self: at.self,
    voter: false,
    match: 0,
    next: at.next,
    state: 'probe',
    paused: false,
    inflight: new Inflight(options.inflightAppendsMax, options.inflightBytesMax),
    commitSent: 0,
    // A new member counts as alive, or CheckQuorum would depose the leader before the first answer can come.
    answeredMs: at.nowMs,
    matchAtBeat: 0,
    round: 0,
    offered: 0,
    offeredMs: Number.NEGATIVE_INFINITY,
    sleepsAt: -1,
  }
}

export function toProbe(peer: Peer, next: number): void {
  peer.state = 'probe'
  peer.next = Math.max(next, peer.match + 1)
  peer.paused = false
  peer.inflight.clear()
}

export function toReplicate(peer: Peer): void {
  peer.state = 'replicate'
  peer.next = peer.match + 1
  peer.paused = false
  peer.inflight.clear()
}

export function toSnapshot(peer: Peer, offered: number, nowMs: number): void {
  peer.state = 'snapshot'
  peer.paused = false
  peer.inflight.clear()
  peer.offered = offered
  peer.offeredMs = nowMs
}
