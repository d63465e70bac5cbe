/**
 * What storage promises to the layers above: the engine port, the log store, the data store and the storage of one store
 * that ties both together.
 *
 * One rule runs through all of it: an effect counts only once its callback ran or its promise resolved, and after the
 * first write error neither happens ever again (the poison latch: `StorageOptions.onPoison` is called once, the process ends with 74).
 *
 * Bytes handed in (entry data, keys, values, state) are not copied unless noted and must not change afterwards. Bytes
 * handed out belong to the caller, but may share memory with the store: never write into them.
 */
import type { Boundary, Clock, KvError, LogIndex, RangeId, ReplicaId, StoreId, Term, Timers, Log } from '@base-kv/base'
import type { Entry, HardState, LogReader, SnapshotMeta } from '@base-kv/raft'

// ---- engine ----------------------------------------------------------------------------------------------------------

/** Ordered byte keys on disk. One write may be in flight at a time: the flush loops are the only writers. */
export interface Engine {
  /** The newest written value. @throws KvError Corrupt or StorageFailed */
  get(key: Uint8Array): Uint8Array | undefined
  /** A new empty batch. */
  batch(): EngineBatch
  /** A consistent picture of this moment; close it. */
  readView(): EngineView
  /** Rewrites [start, end) so that deleted keys cost nothing any more. */
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>
  /** Bytes on disk of [start, end), roughly; what is still in the engine's memory counts nothing. */
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
  /** Waits for the write in flight. */
  close(): Promise<void>
}

/** Operations that become visible together. `put` and `del` copy before they return, so buffers may be reused. */
export interface EngineBatch {
  put(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
  readonly bytes: number
  /** Once. Asserts that no other write of the engine is in flight. With `sync` durable when resolved. */
  write(options: { readonly sync: boolean }): Promise<void>
}

export interface EngineView extends AsyncDisposable {
  get(key: Uint8Array): Uint8Array | undefined
  iterate(options: IterateOptions): EngineIterator
  close(): Promise<void>
}

export interface IterateOptions {
  /** Inclusive. */
  readonly start: Uint8Array
  /** Exclusive. */
  readonly end: Uint8Array
  readonly reverse?: boolean
  /** Bytes of one page, default 64 KiB; a page has at least one pair. */
  readonly pageBytes?: number
  /** Pairs of one page, default 1000. */
  readonly pagePairs?: number
}

export type Pair = readonly [key: Uint8Array, value: Uint8Array]

export interface EngineIterator extends AsyncDisposable {
  /** The next pairs in order; empty at the end. One call at a time. */
  next(): Promise<readonly Pair[]>
  close(): Promise<void>
}

// ---- log store -------------------------------------------------------------------------------------------------------

/** One durable step of a range's log: exactly what one `Ready` asks for. */
export interface LogAppend {
  readonly hardState?: HardState | null
  /** Old entries from here on are deleted in the same batch. */
  readonly truncateFrom?: LogIndex | null
  /** Contiguous behind the log as it stands after `truncateFrom`. */
  readonly entries?: readonly Entry[]
}

/** Term, vote, entries and snapshot point of all ranges of one store. One sync serves all that arrived meanwhile. */
export interface LogStore {
  /**
   * Joins the next batch. Visible to `reader` at once. `onDurable` runs after the sync, in the order of the calls, also
   * for an append without anything to write. It never runs once the store is poisoned. For the right half of a split that
   * is not on disk yet (`Storage.split`) it also waits for that, unless only the hard state was written.
   */
  append(range: RangeId, change: LogAppend, onDurable: () => void): void
  /** The log as handed over so far: pending entries from memory, older ones from the engine. */
  reader(range: RangeId): LogReader
  /** Last index handed over; equals the snapshot's when the log is empty. */
  lastIndex(range: RangeId): LogIndex
  snapshot(range: RangeId): SnapshotMeta
  /** Bytes of the entries that the log of this range holds (payload and about 50 bytes each). */
  bytes(range: RangeId): number
  /**
   * Forgets entries up to `point.index`, which must be in a flushed state (`DataStore.flushedApplied`). The point becomes
   * durable with the next batch, the entries disappear behind it in small portions.
   */
  compact(range: RangeId, point: SnapshotMeta): void
  /** Monotonic time since which a synced write is in flight, or null: `RaftMachine.diskBusySince`. */
  readonly busySinceMs: number | null
  /**
   * Called just before a batch is cut, when the disk is free: the place to propose what has been collected. What it
   * appends rides in that batch. Also called when the last sync has returned and nothing is waiting.
   */
  beforeFlush: (() => void) | null
  /** Resolves when everything handed over before is durable. */
  flush(): Promise<void>
  /** Ranges destroyed here, with the highest replica id that must never come back. */
  tombstone(range: RangeId): ReplicaId | undefined
  /** All ranges with a tombstone. */
  readonly destroyed: Iterable<RangeId>
  readonly stats: LogStats
}

export interface LogStats {
  readonly flushes: number
  readonly entries: number
  readonly bytes: number
  /** Milliseconds of the newest and the longest sync so far. */
  readonly syncMs: number
  readonly syncMsMax: number
}

// ---- data store ------------------------------------------------------------------------------------------------------

/** Position in the log up to which commands are applied. */
export interface Applied {
  readonly index: LogIndex
  readonly term: Term
}

/** What the data store keeps of a range besides its keys. `state` is opaque: the range's own encoding. */
export interface RangeRecord {
  readonly boundary: Boundary
  readonly applied: Applied
  readonly state: Uint8Array
}

/**
 * Two key spaces: `user` are the keys of the boundary; `local` are records of the range itself (its request table for
 * instance), outside the boundary, replicated and carried by snapshots like the rest.
 */
export type KeySpace = 'user' | 'local'

/** One range's applied state. Changes go to the write buffer at once and to disk with the next flush, atomically with `applied`. */
export interface RangeData {
  readonly range: RangeId
  /** As changed so far, flushed or not. */
  readonly record: RangeRecord
  /** @throws KvError Corrupt when the stored bytes fail their checksum */
  get(space: KeySpace, key: Uint8Array): Uint8Array | undefined
  /** Key in the boundary (asserted by the caller, not here: it is the hot path). */
  put(space: KeySpace, key: Uint8Array, value: Uint8Array): void
  delete(space: KeySpace, key: Uint8Array): void
  /**
   * Ends one step of apply: what was put since the last call becomes flushable together with `applied`. Call it
   * synchronously after the puts of one entry, in the same turn. `state` only when it changed.
   */
  setApplied(applied: Applied, state?: Uint8Array): void
  /** Everything as of now, unchanged by later puts and flushes. Close it. */
  readView(): RangeView
  /** Bytes of the range on disk and in the buffer, roughly. */
  approximateBytes(): Promise<number>
}

export interface RangeView extends AsyncDisposable {
  readonly record: RangeRecord
  get(space: KeySpace, key: Uint8Array): Uint8Array | undefined
  /** Pages in key order; `start` inclusive, `end` exclusive, null for the boundary's own. */
  scan(space: KeySpace, options: ScanOptions): RangeIterator
  close(): Promise<void>
}

export interface ScanOptions {
  readonly start: Uint8Array | null
  readonly end: Uint8Array | null
  readonly reverse?: boolean
  /** Bytes (keys and values) after which a page ends, at least one pair; default limits.scanPageBytes. */
  readonly pageBytes?: number
  readonly pagePairs?: number
}

export interface RangeIterator extends AsyncDisposable {
  /** Empty at the end. @throws KvError Corrupt */
  next(): Promise<readonly Pair[]>
  close(): Promise<void>
}

export interface LoadOptions {
  /**
   * Names the snapshot and the sender's read view of it (index, term, host and view id): a load that was suspended with
   * the same key goes on. Another one of the range, or none, gives the suspended load up.
   */
  readonly resumeKey?: string
}

export interface LoadPosition {
  readonly space: KeySpace
  readonly key: Uint8Array
}

/** A snapshot on its way in: a fresh slot that nothing reads until it is installed. */
export interface SnapshotLoad {
  readonly range: RangeId
  /** The last durable pair, null when there is none: what a resumed load asks the sender to go on behind. */
  readonly position: LoadPosition | null
  /** Durable when resolved. Chunks in order, one at a time; a key twice is the later one's. */
  add(space: KeySpace, pairs: readonly Pair[]): Promise<void>
  /**
   * The sender was cut off. Kept for `beginLoad` with the same resume key for as long as the sender may keep its read view
   * (limits.readViewAgeMaxMs), and until the range gets another snapshot, is destroyed, or the process ends; without a
   * resume key given up at once.
   */
  suspend(): void
  /** Gives it up; the slots are cleared in the background. */
  abandon(): void
}

export interface DataStore {
  /** @throws KvError NotFound when this store has no initialised replica of the range */
  range(range: RangeId): RangeData
  has(range: RangeId): boolean
  readonly ranges: readonly RangeId[]
  /** The applied index that a crash now would leave. */
  flushedApplied(range: RangeId): LogIndex
  /** Everything put so far is durable when resolved. */
  flushNow(): Promise<void>
  /** Called after each flush: log entries may be dropped behind `flushedApplied`. */
  onFlushed: (() => void) | null
  /** Whether apply may go on; false while limits.flushBytesMax are waiting for the disk. */
  readonly hasRoom: boolean
  whenRoom(): Promise<void>
  beginLoad(range: RangeId, options?: LoadOptions): Promise<SnapshotLoad>
  /** Bytes waiting for a flush. */
  readonly pendingBytes: number
  readonly stats: DataStats
}

export interface DataStats {
  readonly flushes: number
  readonly puts: number
  readonly bytes: number
  readonly flushMs: number
  readonly flushMsMax: number
  /** Slots with remains that nobody refers to; cleared in the background. */
  readonly slotsToClear: number
  /** Ranges that had too many segments and were moved into one slot. */
  readonly rewrites: number
}

// ---- the storage of one store ----------------------------------------------------------------------------------------

/** What stands in the data folder's identity file. */
export interface StoreIdentity {
  readonly store: StoreId
  readonly cluster: string
  readonly formatVersion: number
  /** ISO 8601. */
  readonly created: string
}

/**
 * What a start found of one replica. `damaged`: it must never vote or acknowledge again under this replica id (rule 2);
 * what is told of it then is only what could still be read.
 */
export interface FoundRange {
  readonly range: RangeId
  readonly replica: ReplicaId
  readonly state: 'ok' | 'damaged'
  /** Why it is damaged, in words; empty when ok. */
  readonly reason: string
  readonly hardState: HardState
  readonly snapshot: SnapshotMeta
  readonly lastIndex: LogIndex
  /** null: uninitialised, may vote but has no data. */
  readonly data: RangeRecord | null
}

export interface NewReplica {
  readonly replica: ReplicaId
  readonly hardState: HardState
  /** The log begins behind it. */
  readonly snapshot: SnapshotMeta
  /** null: an uninitialised replica, waiting for a snapshot (`snapshot.index` is 0 then). */
  readonly data: RangeRecord | null
}

export interface Installation {
  /** The leader's snapshot point; the record's `applied` is the same index and term. */
  readonly snapshot: SnapshotMeta
  readonly load: SnapshotLoad
  readonly record: RangeRecord
  /**
   * Older ranges with data here whose keys are this one's now (it absorbed them, or they split off what it absorbed): gone
   * in the same batch, tombstones in place of their logs when `install` resolves. Nothing is applied to them from the call on.
   */
  readonly replaces?: readonly RangeId[]
}

/** The right half of a split: what every replica of the left range makes of the same entry. */
export interface RightHalf {
  readonly range: RangeId
  readonly replica: ReplicaId
  /** Its log begins behind it; its data is applied up to it. */
  readonly snapshot: SnapshotMeta
  /** `commit` is the snapshot's index. An uninitialised replica that is here keeps its term and vote unless this term is higher. */
  readonly hardState: HardState
  readonly state: Uint8Array
  /** Its local records, by reference; read within the call. */
  readonly local?: Iterable<Pair>
}

export interface Split {
  /** The split entry's position. */
  readonly at: Applied
  /** First key of the right half, inside the boundary and not its start. */
  readonly key: Uint8Array
  readonly leftState: Uint8Array
  readonly right: RightHalf
  /** A crash leaves the split done from here on. */
  readonly onDurable?: () => void
}

export interface Merge {
  /** The marker's position. */
  readonly at: Applied
  readonly state: Uint8Array
  /** The range behind, which is absorbed. Nothing is applied to it any more. */
  readonly right: RangeId
  /** Position of the freeze in its log: it must be applied here (asserted). */
  readonly frozenAt: LogIndex
  /**
   * A crash leaves the merge done from here on. The absorbed replica's log is gone when the call returns, so its group
   * must end here; it may go on until then.
   */
  readonly onDurable?: () => void
}

/** How a replica goes on under a new id: what its log and hard state get with it. */
export interface Renewal {
  readonly replica: ReplicaId
  readonly hardState: HardState
  readonly entries: readonly Entry[]
}

export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
  /** Writes should be refused with NoSpace. */
  readonly low: boolean
}

/** Both databases of one store. Opening one locks the folder. */
export interface Storage {
  readonly identity: StoreIdentity
  readonly log: LogStore
  readonly data: DataStore
  /** What was there at start. */
  readonly found: readonly FoundRange[]
  /** A new replica, durable when resolved. Refuses (assert) a replica id at or below the tombstone's. */
  createReplica(range: RangeId, replica: NewReplica): Promise<void>
  /**
   * Swaps a loaded snapshot in: data and log change at every crash either both or not at all; the log is empty behind the
   * snapshot point then. The caller applies nothing from the call until it resolves (asserted), and never installs a
   * point behind which the log holds entries that follow it (asserted: they may be acknowledged).
   */
  install(range: RangeId, installation: Installation): Promise<void>
  /**
   * Applies a split entry; synchronous, and ends the step as `setApplied` does (left puts of the same step belong to it).
   * No pair moves. Both halves are readable and writable at once, and reach the disk with one batch, before which the
   * right half's log is durable. Until then votes of the right half count as ever, while acknowledgements of its
   * entries wait; a crash leaves the left range before the split, and of the right half nothing or its vote.
   *
   * @returns the right half, to be opened in this turn in place of an uninitialised replica of it; null when it is
   * initialised, arriving, destroyed or damaged here, or has a newer replica: then the left range only gives its part up.
   */
  split(left: RangeId, split: Split): FoundRange | null
  /**
   * Applies a merge marker; synchronous, and ends the step as `setApplied` does: what the merged range keeps of the right
   * one's local records is put into the left one before, in the same step. No pair moves. `data.range(right)` is gone
   * at once (read views of it stay), its log when the merge is durable; a tombstone takes its place.
   */
  merge(left: RangeId, merge: Merge): void
  /** As a start would find it. */
  replica(range: RangeId): FoundRange
  /**
   * Gives a replica a higher id, of a later generation, under which its data and log go on; one batch, durable when
   * resolved. Nothing else is written to its log meanwhile. @returns the replica as it is then
   */
  renewReplica(range: RangeId, renewal: Renewal): Promise<FoundRange>
  /** Forgets the replica, leaving a tombstone of (range, replica); durable when resolved. */
  destroyReplica(range: RangeId, replica: ReplicaId): Promise<void>
  /** Marks a replica damaged for good; durable when resolved. */
  markDamaged(range: RangeId, reason: string): Promise<void>
  /** Reads every table file of `data` against its checksums, paced. Damage found is marked and returned in words. */
  scrub(): Promise<readonly string[]>
  /** The newest measurement (taken every `spaceCheckMs` and by `checkSpace`). */
  readonly space: DiskSpace
  checkSpace(): Promise<DiskSpace>
  /** The first write error, once there was one. */
  readonly poison: KvError | null
  /** Flushes what is pending (unless poisoned), closes both databases, unlocks the folder. */
  close(): Promise<void>
}

export interface StorageOptions {
  /** The store's data folder; made when absent. */
  readonly directory: string
  /** The cluster's name; another one in the identity file is refused. */
  readonly cluster: string
  /** Called once, at the first failed write of either database. */
  readonly onPoison: (error: KvError) => void
  /** Log entries kept in memory for readers once durable, all ranges together; default 16 MiB. */
  readonly logCacheBytes?: number
  readonly flushAgeMs?: number
  readonly flushBytesSoft?: number
  readonly flushBytesMax?: number
  /** A range with more segments is moved into one fresh slot in the background; default 256. */
  readonly segmentsMax?: number
  /** Low below the larger of both; defaults limits.diskFreeBytesMin and 0.05. */
  readonly diskFreeBytesMin?: number
  readonly diskFreeShareMin?: number
  /** Default 64 MiB; 0 for none. */
  readonly ballastBytes?: number
  readonly spaceCheckMs?: number
}

export interface StorageDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}
