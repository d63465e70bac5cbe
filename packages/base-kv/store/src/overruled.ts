/**
 * The fence behind a recovery. A range that lost its quorum for good was recovered at one store, under replica ids of a
 * new generation; the lost ones were to stay away for ever. If they come back all the same they are a majority of the old
 * configuration, would elect a leader and serve what the range is no more.
 *
 * So whoever holds a replica of a later generation, or held one, says so: to every peer when they meet (Hello), and to
 * whoever sends a message to a replica of an earlier one. A replica that hears of a later generation of its range is
 * overruled: durably it takes no part any more, as if it were damaged. It is destroyed like any other: when the leader of
 * the range says, confirmed by a majority, that it is no member; and refilled when the range takes its store in again.
 *
 * No vote is given before an election timeout has passed since a start (raft), and peers meet sooner than that. Lost ones
 * that meet each other and nobody else can still serve each other; hence the operator types their names.
 */
import type { RangeId, ReplicaId, StoreId } from '@base-kv/base'
import { generationOf, type Member, type Message } from '@base-kv/raft'
import type { Range } from '@base-kv/range'
import { DismissalType, type DismissalMessage } from './dismissal.ts'

/** A range was recovered so often. */
export interface Renewed {
  readonly range: RangeId
  readonly generation: number
}

export interface OverruledHost {
  readonly ranges: ReadonlyMap<RangeId, Range>
  /** Replicas that were here, with the highest id of each range. */
  tombstones(): Iterable<readonly [RangeId, ReplicaId]>
  send(message: DismissalMessage): void
  overruled(range: Range, by: StoreId): void
}

export class Overruled {
  readonly #host: OverruledHost
  // Who said so: to be asked whether the replica may go.
  readonly #by = new Map<RangeId, StoreId>()

  constructor(host: OverruledHost) {
    this.#host = host
  }

  /** What this store knows of recovered ranges. */
  get renewed(): readonly Renewed[] {
    const newest = new Map<RangeId, number>()
    for (const [range, replica] of this.#host.tombstones()) note(newest, range, replica)
    for (const { id, self } of this.#host.ranges.values()) note(newest, id, self.replica)
    return [...newest].map(([range, generation]) => ({ range, generation }))
  }

  /** A peer says what it knows. */
  heard(by: StoreId, renewed: Iterable<Renewed>): void {
    for (const { range, generation } of renewed) this.#overrule(range, generation, by)
  }

  receive({ range, from }: DismissalMessage): void {
    this.#overrule(range, generationOf(from.replica), from.store)
  }

  /** Whether `message` is for an earlier generation than that of `self`; its sender is told then. */
  answers(range: RangeId, message: Message, self: Member): boolean {
    if (generationOf(message.to.replica) >= generationOf(self.replica) || isUnknown(self.replica)) return false
    this.tell(range, self, message.from)
    return true
  }

  /** Tells a member of an earlier generation that the range goes on as `self`. */
  tell(range: RangeId, self: Member, member: Member): void {
    if (member.store === self.store || generationOf(member.replica) >= generationOf(self.replica)) return
    this.#host.send({ range, type: DismissalType.overruled, from: self, to: member })
  }

  /** Who overruled the replica here, if anybody did since this process began. */
  by(range: RangeId): StoreId | undefined {
    return this.#by.get(range)
  }

  #overrule(id: RangeId, generation: number, by: StoreId): void {
    const range = this.#host.ranges.get(id)
    if (range && generationOf(range.self.replica) >= generation) return
    this.#by.set(id, by)
    if (range) this.#host.overruled(range, by)
  }
}

function note(newest: Map<RangeId, number>, range: RangeId, replica: ReplicaId): void {
  const generation = generationOf(replica)
  if (generation > (newest.get(range) ?? 0) && !isUnknown(replica)) newest.set(range, generation)
}

/** The id of a replica whose own cannot be read is the highest there is; it says nothing. */
const isUnknown = (replica: ReplicaId): boolean => replica === Number.MAX_SAFE_INTEGER
