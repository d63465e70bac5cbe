/** What a range is made with, and what it needs of the store around it. */
import type { Clock, HostId, Log, Random, RangeId, StoreId } from '@base-kv/base'
import type { Member, Message, RaftOptions } from '@base-kv/raft'
import type { FoundRange, Storage } from '@base-kv/storage'
import type { CompactionOptions } from './compaction.ts'
import type { Coprocessor } from './coprocessor.ts'
import type { MergeMessage } from './merge-message.ts'
import type { MergePlan } from './merge.ts'
import type { Range } from './range.ts'
import type { ReplicatedState } from './range-state.ts'
import type { SnapshotRequest, SnapshotStream } from './snapshot-transfer.ts'
import type { Mergee } from './state-machine.ts'

export interface RangeOptions {
  readonly raft: RaftOptions
  readonly compaction: CompactionOptions
}

/** `atOnce`: now, unless others are having theirs. `atFlush`: with those around a flush of the log, which is sure to come. */
export type TurnTime = 'soon' | 'atOnce' | 'atFlush'

/** Puts a snapshot in place of these too, durably when resolved. */
export type Install = (replaces: readonly RangeId[]) => Promise<void>

export interface RangeDeps {
  /** This process. */
  readonly host: HostId
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly coprocessor: Coprocessor
  /** Hands messages to the transport; what cannot be sent is dropped. */
  send(range: RangeId, messages: readonly Message[]): void
  /** Asks for a turn: soon, unless something else is said. */
  schedule(range: Range, when?: TurnTime): void
  /** Something that others see in the descriptor changed. */
  changed(range: Range): void
  /** A snapshot has given this replica another boundary. */
  moved(range: Range): void
  /** This replica was removed from the group by a committed configuration. */
  removed(range: Range): void
  /** The leader has applied a configuration without that member: it may be told. */
  dismissed(range: Range, member: Member): void
  /** Stored bytes of this replica are damaged: it must take no part any more. */
  damaged(range: Range, reason: string): void
  /**
   * Whether a split of `left` may be applied now; false while the replica of its right half that is here is busy. Then
   * `left` gets a turn as soon as it is not.
   */
  roomForHalf(left: Range, right: RangeId): boolean
  /** `left` was split. `half` is to be opened in this turn; null: the right half is here already, or must not be. */
  split(left: Range, right: RangeId, half: FoundRange | null): void
  /** Says something to another range, on all those stores. */
  tell(to: RangeId, stores: readonly StoreId[], message: MergeMessage): void
  /**
   * Whether the replica here of the range that `left` takes over has come to its freeze. If not, `left` gets a turn when
   * it may have. @throws KvError Corrupt when it never will
   */
  mergeeReady(left: Range, merge: MergePlan): boolean
  /** That replica, ready. */
  mergee(right: RangeId): Mergee
  /** It was taken over in this turn. */
  absorbed(left: Range, right: RangeId): void
  pullSnapshot(range: RangeId, from: Member, request: SnapshotRequest): SnapshotStream
  /**
   * A snapshot of `range` is about to be put in place. `install` gets the replicas here that it replaces, since their keys
   * are this one's by now; they take no part any more, whatever comes of it.
   */
  takeOver(range: Range, arriving: ReplicatedState, install: Install): Promise<void>
}

export type ReadConsistency = 'linearizable' | 'lease' | 'stale'
