/**
 * What may be asked of the store that leads a range. Each carries the exact version of the range as its author saw it, so
 * that one which comes too late is refused instead of doing harm.
 */
import type { RangeId, StoreId } from '@base-kv/base'
import type { RangeVersion } from './descriptors.ts'

interface RangeCommand {
  /** Who carries it out: the range's leader. */
  readonly store: StoreId
  readonly range: RangeId
  readonly ver: RangeVersion
}

export interface ChangeReplicas extends RangeCommand {
  readonly kind: 'changeReplicas'
  readonly voters: readonly StoreId[]
  readonly learners: readonly StoreId[]
}

export interface TransferLeader extends RangeCommand {
  readonly kind: 'transferLeader'
  readonly target: StoreId
}

export interface SplitRange extends RangeCommand {
  readonly kind: 'split'
  readonly key: Uint8Array
}

export interface MergeRanges extends RangeCommand {
  readonly kind: 'merge'
  /** The neighbour whose keys lie behind this range's. */
  readonly right: { readonly range: RangeId; readonly ver: RangeVersion }
}

export type Command = ChangeReplicas | TransferLeader | SplitRange | MergeRanges

/** The ranges that a command moves: no other command may work on them meanwhile. */
export const rangesOf = (command: Command): readonly RangeId[] =>
  command.kind === 'merge' ? [command.range, command.right.range] : [command.range]
