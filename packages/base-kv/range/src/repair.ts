/**
 * Automatic repair: a member whose replica is gone for good (found damaged, or destroyed) is replaced by a new replica on
 * the same store. The leader learns of it by the `gone` with which that store answers; a member that is merely down
 * answers nothing, and nothing is done about it.
 *
 * The old replica never votes or acknowledges again: it is removed, the store comes back as a learner under a new replica
 * id, fetches the data and is promoted. Between these steps the group has a member less, so that it is about to come
 * back is part of the replicated state: whoever leads next goes on with it.
 */
import { KvError, type StoreId, storeIdFromBytes, storeIdToBytes } from '@base-kv/base'
import type { Config, Member, RaftStatus } from '@base-kv/raft'

export interface PendingRepair {
  readonly store: StoreId
  /** What it was, and shall be again; else a learner. */
  readonly voter: boolean
}

/**
 * - remember: replicate that it is to be replaced.
 * - remove: take the old replica out.
 * - add: take the store in again, as a learner at first.
 * - forget: it is done.
 */
export interface RepairStep {
  readonly kind: 'remember' | 'remove' | 'add' | 'forget'
  readonly repair: PendingRepair
}

const PAUSE_MIN_MS = 1_000
const PAUSE_MAX_MS = 10 * 60_000

/** What the leader has heard, and when it tries again. Nothing of it is replicated. */
export class RepairWatch {
  // Members that are gone, by store: a replica id never comes back, so this stays true.
  readonly #gone = new Map<StoreId, Member>()
  #pauseMs = 0
  #nextMs = Number.NEGATIVE_INFINITY

  get idle(): boolean {
    return this.#gone.size === 0
  }

  heardGone(member: Member): void {
    const known = this.#gone.get(member.store)
    if (!known || known.replica < member.replica) this.#gone.set(member.store, member)
  }

  isGone(member: Member): boolean {
    return same(this.#gone.get(member.store), member)
  }

  /** What to do now, if anything. Only for a leader, and only while a majority that is not gone answers. */
  step(status: RaftStatus, pending: PendingRepair | null, nowMs: number, aliveMs: number): RepairStep | null {
    if (nowMs - this.#nextMs > PAUSE_MAX_MS) this.#pauseMs = 0
    if (nowMs < this.#nextMs || status.config.nextVoters.length > 0 || status.commit < status.configIndex) return null
    const { config } = status
    if (!pending) {
      for (const member of this.#gone.values()) {
        const voter = has(config.voters, member)
        if (!voter && !has(config.learners, member)) this.#gone.delete(member.store)
        else if (this.#quorumWithout(member, status, aliveMs)) {
          return { kind: 'remember', repair: { store: member.store, voter } }
        }
      }
      return null
    }
    const { store, voter } = pending
    const present = [...config.voters, ...config.learners].find((member) => member.store === store)
    if (!present) return { kind: 'add', repair: pending }
    if (this.isGone(present)) {
      return this.#quorumWithout(present, status, aliveMs) ? { kind: 'remove', repair: pending } : null
    }
    // Nothing is decided about it before it has been heard.
    const peer = status.progress.find(({ member }) => member.store === store)
    if (!peer || peer.state !== 'replicate' || peer.match === 0) return null
    return { kind: has(config.voters, present) === voter ? 'forget' : 'add', repair: pending }
  }

  /** After a step that failed, and after a whole repair (a disk may be bad): the next one waits, longer each time. */
  pause(nowMs: number): void {
    this.#pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, 2 * this.#pauseMs))
    this.#nextMs = nowMs + this.#pauseMs
  }

  #quorumWithout(member: Member, status: RaftStatus, aliveMs: number): boolean {
    return othersDecide(status, aliveMs, (voter) => same(voter, member) || this.isGone(voter))
  }
}

/** Whether enough voters answer the leader to decide without those `left out`: by default without the leader itself. */
export function othersDecide(
  { config, self, progress }: RaftStatus,
  aliveMs: number,
  leftOut: (voter: Member) => boolean = (voter) => same(voter, self),
): boolean {
  const answers = (voter: Member): boolean =>
    !leftOut(voter) &&
    (same(voter, self) || progress.some((peer) => same(peer.member, voter) && peer.silentMs < aliveMs))
  return 2 * config.voters.filter(answers).length > config.voters.length
}

const same = (a: Member | undefined, b: Member): boolean => a?.store === b.store && a.replica === b.replica
const has = (list: Config['voters'], member: Member): boolean => list.some((other) => same(other, member))

/** The body of RangeCommand.repair: store id (16 bytes), voter u8; empty: none. */
export function encodeRepair(repair: PendingRepair | null): Uint8Array {
  if (!repair) return new Uint8Array(0)
  const out = new Uint8Array(17)
  out.set(storeIdToBytes(repair.store))
  out[16] = repair.voter ? 1 : 0
  return out
}

/** @throws KvError Corrupt */
export function decodeRepair(bytes: Uint8Array): PendingRepair | null {
  if (bytes.length === 0) return null
  if (bytes.length !== 17) throw new KvError('Corrupt', 'a pending repair does not decode')
  return { store: storeIdFromBytes(bytes.subarray(0, 16)), voter: bytes[16] === 1 }
}
