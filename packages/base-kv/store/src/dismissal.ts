/**
 * "Am I still a member?" A replica that was removed while it could not be reached is told nothing: its group does not
 * write to it any more. When it has heard no leader for long it asks everybody it knows, and so does a store about a
 * damaged replica. Only the leader answers, only when a majority confirms that it leads, and only "no": nothing is ever
 * destroyed on less. Whoever can be reached is told without asking. Of a range that was merged into another one nobody is
 * left to say so; then the leader of the range that has its first key does.
 */
import {
  type Boundary,
  contains,
  type RangeId,
  rangeIdFromBytes,
  type ReplicaId,
  replicaId,
  type StoreId,
  storeIdFromBytes,
} from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import type { Member } from '@base-kv/raft'
import type { Range } from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'
import { wireRange, wireStore } from './raft-wire.ts'

/** Beside the Raft core's own numbers, on the same streams. */
export const DismissalType = { ask: 100, dismissed: 101, overruled: 102, absorbed: 103 } as const
export type DismissalType = (typeof DismissalType)[keyof typeof DismissalType]

export interface DismissalMessage {
  readonly range: RangeId
  readonly type: DismissalType
  readonly from: Member
  readonly to: Member
  /** First key of the range, of a question; empty: not known, or there is none. */
  readonly start?: Uint8Array
}

const dismissalToWire = ({ range, type, from, to, start }: DismissalMessage): v1.RaftMessage.$Properties => ({
  range: wireRange(range),
  type,
  fromStore: wireStore(from.store),
  fromReplica: from.replica,
  toStore: wireStore(to.store),
  toReplica: to.replica,
  ...(start ? { body: start } : {}),
})

const TYPES: ReadonlySet<number> = new Set(Object.values(DismissalType))

/** undefined: some other message. */
export function dismissalFromWire(wire: v1.RaftMessage): DismissalMessage | undefined {
  const { type } = wire
  if (!TYPES.has(type)) return undefined
  if (wire.range.length !== 16 || wire.fromStore.length !== 16 || wire.toStore.length !== 16) return undefined
  if (!Number.isSafeInteger(wire.fromReplica) || !Number.isSafeInteger(wire.toReplica)) return undefined
  return {
    range: rangeIdFromBytes(wire.range),
    type: type as DismissalType,
    from: { store: storeIdFromBytes(wire.fromStore), replica: replicaId(wire.fromReplica) },
    to: { store: storeIdFromBytes(wire.toStore), replica: replicaId(wire.toReplica) },
    start: wire.body,
  }
}

export interface DismissalHost {
  readonly store: StoreId
  readonly electionTimeoutMs: number
  range(id: RangeId): Range | undefined
  /** The range here that holds `key`, if any. */
  rangeOf(key: Uint8Array): Range | undefined
  readonly ranges: Iterable<Range>
  readonly damaged: Iterable<FoundRange>
  /** The other stores of the service that this one is connected with. */
  reachable(): Iterable<StoreId>
  /** Who may know more of a range than its members of long ago, if anybody. */
  witness(range: RangeId): StoreId | undefined
  send(to: StoreId, message: v1.RaftMessage.$Properties): void
  /** The replica is certainly no member any more: it may go. */
  dismissed(range: RangeId, replica: ReplicaId): void
  /** Its range was taken over by another one: it may go, unless a range here is yet to do the same with it. */
  absorbed(range: RangeId, replica: ReplicaId): void
}

/** Silence of the leader after which a replica asks, and the pause between two questions, in election timeouts. */
const ASK_ELECTION_TIMEOUTS = 10
/** Ranges asked about in one look: when thousands lost their leader together, they elect another one, and that comes first. */
const ASKED_AT_ONCE_MAX = 64

export class Dismissals {
  readonly #host: DismissalHost
  readonly #askedMs = new Map<RangeId, number>()
  #nextLookMs = Number.NEGATIVE_INFINITY

  constructor(host: DismissalHost) {
    this.#host = host
  }

  tick(nowMs: number): void {
    if (nowMs < this.#nextLookMs) return
    const { store, electionTimeoutMs, ranges, damaged } = this.#host
    this.#nextLookMs = nowMs + electionTimeoutMs
    const pauseMs = ASK_ELECTION_TIMEOUTS * electionTimeoutMs
    let left = ASKED_AT_ONCE_MAX
    const ask = (range: RangeId, from: Member, boundary: Boundary | null, members: () => readonly Member[]) => {
      if (left === 0 || nowMs - (this.#askedMs.get(range) ?? Number.NEGATIVE_INFINITY) < pauseMs) return
      left--
      this.#askedMs.set(range, nowMs)
      this.#ask(range, from, boundary, members())
    }
    for (const range of ranges) {
      if (range.leaderlessMs >= pauseMs) ask(range.id, range.self, range.boundary, () => range.members)
    }
    for (const found of damaged) {
      const self = { store, replica: found.replica }
      ask(found.range, self, found.data?.boundary ?? null, () => this.#knownMembers(found))
    }
  }

  /** Does not wait for silence. */
  askNow(range: Range | undefined, damaged: FoundRange | undefined): void {
    const { store } = this.#host
    if (range) this.#ask(range.id, range.self, range.boundary, range.members)
    if (!damaged) return
    const self = { store, replica: damaged.replica }
    this.#ask(damaged.range, self, damaged.data?.boundary ?? null, this.#knownMembers(damaged))
  }

  /** Tells a former member, once a majority has confirmed that it is one. */
  tell(range: Range, member: Member): void {
    range.confirmDismissed(member, () => {
      this.send({ range: range.id, type: DismissalType.dismissed, from: range.self, to: member })
    })
  }

  receive({ range: id, type, from, to, start }: DismissalMessage): void {
    if (to.store !== this.#host.store) return
    if (type === DismissalType.dismissed) {
      this.#host.dismissed(id, to.replica)
      return
    }
    if (type === DismissalType.absorbed) {
      this.#host.absorbed(id, to.replica)
      return
    }
    const range = this.#host.range(id)
    if (range) this.tell(range, from)
    else if (start && start.length > 0) this.#tellOfMerge(id, from, start)
  }

  /**
   * A range keeps its first key for life: the left half of a split has it, and a merge only adds keys behind. So whoever
   * else holds that key now, as a majority confirms after the question, has taken the range over for good.
   */
  #tellOfMerge(id: RangeId, member: Member, start: Uint8Array): void {
    const owner = this.#host.rangeOf(start)
    if (!owner?.isLeader || owner.id === id) return
    owner.read('linearizable', (error) => {
      if (error || !owner.boundary || !contains(owner.boundary, start)) return
      if (member.store === this.#host.store) this.#host.absorbed(id, member.replica)
      else this.send({ range: id, type: DismissalType.absorbed, from: owner.self, to: member })
    })
  }

  #ask(range: RangeId, from: Member, boundary: Boundary | null, members: readonly Member[]): void {
    // The members known here may all have left since, and an empty replica knows none: any store may know who leads.
    const asked = new Map<StoreId, Member>()
    for (const store of this.#host.reachable()) asked.set(store, { store, replica: replicaId(0) })
    for (const to of members) asked.set(to.store, to)
    asked.delete(from.store)
    const start = boundary?.start ?? new Uint8Array(0)
    for (const to of asked.values()) this.send({ range, type: DismissalType.ask, from, to, start })
    // It may be this store that leads where the keys are now.
    if (start.length > 0) this.#tellOfMerge(range, from, start)
  }

  #knownMembers({ range, snapshot }: FoundRange): readonly Member[] {
    return withWitness(snapshot.config.voters, this.#host.witness(range))
  }

  send(message: DismissalMessage): void {
    this.#host.send(message.to.store, dismissalToWire(message))
  }
}

const withWitness = (members: readonly Member[], witness: StoreId | undefined): readonly Member[] =>
  witness === undefined || members.some(({ store }) => store === witness)
    ? members
    : [...members, { store: witness, replica: replicaId(0) }]
