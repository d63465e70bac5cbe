/**
 * What a store says of itself and its ranges: the words that routing, balancing and people share.
 */
import type { Boundary, HostId, LogIndex, RangeId, StoreId, Term } from '@base-kv/base'
import type { SplitHint } from './split-hint.ts'

/**
 * Version of a range. `high` counts changes of the boundary, `low` changes of configuration or state since then. Data
 * traffic needs the high half to match, management both.
 */
export interface RangeVersion {
  readonly high: number
  readonly low: number
}

export const sameVersion = (a: RangeVersion, b: RangeVersion): boolean => a.high === b.high && a.low === b.low
export const formatVersion = (ver: RangeVersion): string => `${ver.high}-${ver.low}`

/** Replicated state of a range. */
export type RangeState = 'Normal' | 'ConfigChanging' | 'PreparedMerging' | 'WaitingForMerge' | 'Removed' | 'ToBePurged'

export type RangeRole = 'Leader' | 'Follower' | 'Candidate'

export interface ClusterConfig {
  readonly voters: readonly StoreId[]
  readonly learners: readonly StoreId[]
  readonly nextVoters: readonly StoreId[]
  readonly nextLearners: readonly StoreId[]
}

/** How far another member has the log, as its leader sees it. */
export interface MemberProgress {
  readonly store: StoreId
  readonly match: LogIndex
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly silentMs: number
}

/** One replica's view of its range. */
export interface RangeDescriptor {
  readonly id: RangeId
  readonly ver: RangeVersion
  readonly boundary: Boundary
  readonly state: RangeState
  readonly role: RangeRole
  readonly config: ClusterConfig
  readonly term: Term
  readonly leader: StoreId | null
  readonly commit: LogIndex
  readonly applied: LogIndex
  /** The applied index that a crash now would leave. */
  readonly flushed: LogIndex
  readonly lastIndex: LogIndex
  readonly snapshotIndex: LogIndex
  /** Recorded writes, as applied here; what clients take along with theirs. */
  readonly requestPosition: number
  /** Empty on all but the leader. */
  readonly progress: readonly MemberProgress[]
  /** What the service publishes with the range; empty when nothing. */
  readonly fact: Uint8Array
  /** Of the last whole window; those of the leader count. */
  readonly hints: readonly SplitHint[]
  /** Why this replica takes no part any more; empty when it is healthy. */
  readonly damage: string
}

/** One store as its node describes it. */
export interface StoreDescriptor {
  readonly id: StoreId
  readonly host: HostId
  /** Service name, such as kv.store. */
  readonly name: string
  readonly node: string
  readonly address: string
  readonly ranges: readonly RangeDescriptor[]
}
