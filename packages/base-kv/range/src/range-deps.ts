/** What a range is made with, and what it needs of the store around it. */
import type { Clock, Log, LogIndex, Random, RangeId } from '@base-kv/base'
import type { Member, Message, RaftOptions } from '@base-kv/raft'
import type { Storage } from '@base-kv/storage'
import type { CompactionOptions } from './compaction.ts'
import type { Coprocessor } from './coprocessor.ts'
import type { Range } from './range.ts'
import type { SnapshotStream } from './snapshot-transfer.ts'

export interface RangeOptions {
  readonly raft: RaftOptions
  readonly compaction: CompactionOptions
}

export interface RangeDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly coprocessor: Coprocessor
  /** Hands messages to the transport; what cannot be sent is dropped. */
  send(range: RangeId, messages: readonly Message[]): void
  /** Asks for a turn soon. */
  schedule(range: Range): void
  /** Something that others see in the descriptor changed. */
  changed(range: Range): void
  /** This replica was removed from the group by a committed configuration. */
  removed(range: Range): void
  /** The leader has applied a configuration without that member: it may be told. */
  dismissed(range: Range, member: Member): void
  /** Stored bytes of this replica are damaged: it must take no part any more. */
  damaged(range: Range, reason: string): void
  pullSnapshot(range: RangeId, from: Member, indexMin: LogIndex): SnapshotStream
}

export type ReadConsistency = 'linearizable' | 'lease' | 'stale'
