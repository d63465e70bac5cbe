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
export const isNewerVersion = (a: RangeVersion, b: RangeVersion): boolean =>
  a.high > b.high || (a.high === b.high && a.low > b.low)
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
export interface ReplicaDescriptor {
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
  readonly lastTerm: Term
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

/** As its store tells it. */
export interface RangeDescriptor extends ReplicaDescriptor {
  readonly statistics: RangeStatistics
  /** When it was told. Only to be compared between two reports of one store. */
  readonly hlc: bigint
}

/** Rough, and a little old: what costs something to find out is looked at now and then, and only where something changed. */
export interface RangeStatistics {
  /** Bytes of the pairs, and of the log; absent until they were looked at. */
  readonly dataSize?: number
  readonly walSize?: number
  /** Pairs: exact while they are few, else from the size and the first ones. */
  readonly keys?: number
}

export interface StoreStatistics {
  /** Share of its time in which the process's main thread is busy, 0 to 1: at 1 the node can do no more. */
  readonly 'cpu.usage': number
  /** Of the file system with the data, in bytes. */
  readonly 'disk.free': number
  readonly 'disk.total': number
  /** For how long one synced write has been waiting for the disk by now; 0: none is. */
  readonly 'disk.stalledMs': number
}

/** One store as its node describes it. */
export interface StoreDescriptor {
  readonly id: StoreId
  readonly host: HostId
  /** Service name, such as kv.store. */
  readonly name: string
  readonly node: string
  readonly address: string
  /** From the configuration; `zone` is what placement reads. */
  readonly attributes: Readonly<Record<string, string>>
  readonly statistics: StoreStatistics
  /** When this was told. */
  readonly hlc: bigint
  readonly ranges: readonly RangeDescriptor[]
}
