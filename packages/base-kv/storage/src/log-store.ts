/**
 * The logs of all ranges of one store behind one flush loop.
 *
 * While a synced write is in flight everything handed over waits; when it returns, its callbacks run, `beforeFlush` may
 * add what came of them, and all of it goes into the next batch: one sync serves every range. Readers see entries from
 * the moment they were handed over.
 *
 * Entries that are no longer needed (compacted, or of a log that began anew) are deleted in small portions that ride in
 * later batches, so that every batch of this database is synced and none is large for the sake of deleting.
 */
import { assert, type Clock, killPoint, type LogIndex, type RangeId, type ReplicaId, type Timers } from '@base-kv/base'
import type { Entry, HardState, LogReader, SnapshotMeta } from '@base-kv/raft'
import { BatchNumber } from './batch-number.ts'
import { ByteWriter, sealRecord } from './byte-codec.ts'
import { LogCache } from './log-cache.ts'
import { entryKey, logKeys } from './log-keys.ts'
import {
  emptySnapshot,
  EntrySealer,
  sealHalf,
  sealInstalling,
  sealReplica,
  sealTombstone,
  type InstallingRecord,
} from './log-records.ts'
import type { Poison } from './poison.ts'
import type { Engine, EngineBatch, LogAppend, LogStats, LogStore, Renewal } from './ports.ts'
import { RangeLog } from './range-log.ts'

/** Deletes that ride in one batch, and the pause between batches that carry nothing else. */
const GARBAGE_KEYS_MAX = 512
const GARBAGE_PAUSE_MS = 20

export const NEXT_LOG_ID_VERSION = 1

/** Entries [from, to] under a log id that nobody needs. */
export interface LogGarbage {
  readonly logId: number
  readonly from: number
  readonly to: number
}

/** What a start found in database `log`. */
export interface FoundLogs {
  readonly logs: Map<RangeId, RangeLog>
  readonly tombstones: Map<RangeId, ReplicaId>
  readonly nextLogId: number
  readonly garbage: readonly LogGarbage[]
}

export interface LogStoreDeps {
  readonly engine: Engine
  readonly poison: Poison
  readonly clock: Clock
  readonly timers: Timers
  readonly number: BatchNumber
  readonly dataNumber: BatchNumber
  readonly cacheBytes: number
}

/** One thing that the next batch carries. */
interface Step {
  readonly encode: ((batch: EngineBatch) => void) | null
  readonly onDurable: () => void
  /** The log whose layer above waits for `onDurable`. */
  readonly owner: RangeLog | null
  /** The log that `entries` went to, with its rewrites then. */
  readonly log: RangeLog | null
  readonly rewrites: number
  readonly last: number
}

export class GroupLogStore implements LogStore {
  readonly #deps: LogStoreDeps
  readonly #logs: Map<RangeId, RangeLog>
  readonly #tombstones: Map<RangeId, ReplicaId>
  readonly #cache: LogCache
  readonly #sealer = new EntrySealer()
  #nextLogId: number
  #garbage: LogGarbage[]
  #steps: Step[] = []
  /** Replicas whose record changed since the last batch was cut. */
  #changed = new Set<RangeLog>()
  #writing: Promise<void> | null = null
  #scheduled = false
  #stopped = false
  #cancelGarbageTimer: (() => void) | null = null
  busySinceMs: number | null = null
  beforeFlush: (() => void) | null = null
  readonly #stats = { flushes: 0, entries: 0, bytes: 0, syncMs: 0, syncMsMax: 0 }

  constructor(deps: LogStoreDeps, found: FoundLogs) {
    this.#deps = deps
    this.#logs = found.logs
    this.#tombstones = found.tombstones
    this.#nextLogId = found.nextLogId
    this.#garbage = [...found.garbage]
    this.#cache = new LogCache(deps.cacheBytes)
    if (this.#garbage.length > 0) this.#scheduleGarbage()
  }

  get stats(): LogStats {
    return { ...this.#stats }
  }

  append(range: RangeId, change: LogAppend, onDurable: () => void): void {
    if (this.#deps.poison.error !== null) return
    const log = this.log(range)
    assert(log.damage === '', () => `replica of ${range} is damaged and must not write its log`)
    if (change.hardState) this.#changeHardState(log, change.hardState)
    const { truncateFrom, entries } = change
    const logId = log.logId
    const truncateTo = log.last
    if (truncateFrom != null) log.truncate(truncateFrom)
    if (entries !== undefined) for (const entry of entries) log.push(entry)
    const writes = truncateFrom != null || (entries !== undefined && entries.length > 0)
    if (writes) this.#cache.count(log)
    const encode = !writes
      ? null
      : (batch: EngineBatch) => {
          if (truncateFrom != null) deleteEntries(batch, { logId, from: truncateFrom, to: truncateTo })
          if (entries !== undefined) this.#putEntries(batch, log, logId, entries)
        }
    this.#enqueue({ encode, onDurable, owner: log, log: writes ? log : null, rewrites: log.rewrites, last: log.last })
  }

  reader(range: RangeId): LogReader {
    return this.log(range)
  }

  lastIndex(range: RangeId): LogIndex {
    return this.log(range).last as LogIndex
  }

  snapshot(range: RangeId): SnapshotMeta {
    return this.log(range).snapshot
  }

  bytes(range: RangeId): number {
    return this.log(range).bytes
  }

  tombstone(range: RangeId): ReplicaId | undefined {
    return this.#tombstones.get(range)
  }

  get destroyed(): Iterable<RangeId> {
    return this.#tombstones.keys()
  }

  compact(range: RangeId, point: SnapshotMeta): void {
    if (this.#deps.poison.error !== null) return
    this.#compact(this.log(range), point)
    killPoint('log.cut')
    this.#step(null, () => killPoint('log.shortened'))
  }

  flush(): Promise<void> {
    return this.#write(null)
  }

  // ---- what storage.ts does with whole replicas; each is one batch ----------------------------------------------------

  get ranges(): readonly RangeId[] {
    return [...this.#logs.keys()]
  }

  stampFormat(record: Uint8Array): Promise<void> {
    return this.#write((batch) => batch.put(logKeys.format, record))
  }

  has(range: RangeId): boolean {
    return this.#logs.has(range)
  }

  log(range: RangeId): RangeLog {
    const log = this.#logs.get(range)
    assert(log !== undefined, () => `no replica of range ${range} here`)
    return log
  }

  createReplica(range: RangeId, start: Omit<InstallingRecord, 'slot'> & { newHardState: HardState }): Promise<void> {
    this.#add(range, start.replica, start.newHardState, start.snapshot)
    return this.#write((batch) => this.#putNextLogId(batch))
  }

  beginInstall(range: RangeId, installing: InstallingRecord): Promise<void> {
    return this.#write((batch) => batch.put(logKeys.installing(range), sealInstalling(range, installing)))
  }

  /** The state is durable in database `data`: the log follows. */
  finishInstall(range: RangeId, installing: InstallingRecord): Promise<void> {
    const { snapshot, replica, newHardState } = installing
    const log = this.#logs.get(range)
    if (log === undefined) {
      assert(newHardState !== null, 'only a new replica begins without a log')
      this.#add(range, replica, newHardState, snapshot)
    } else if (log.holds(snapshot)) {
      this.#compact(log, snapshot)
    } else {
      this.#discard({ logId: log.logId, from: log.snapshot.index + 1, to: log.last })
      log.reset(snapshot, this.#nextLogId++)
      this.#cache.count(log)
      this.#changed.add(log)
    }
    return this.#write((batch) => {
      this.#putNextLogId(batch)
      batch.del(logKeys.installing(range))
    })
  }

  undoInstall(range: RangeId): Promise<void> {
    return this.#write((batch) => batch.del(logKeys.installing(range)))
  }

  /** Whether a split may begin this replica here: it was never here, or has done nothing but vote. */
  takesHalf(range: RangeId, replica: ReplicaId): boolean {
    if (replica <= (this.#tombstones.get(range) ?? -1)) return false
    const log = this.#logs.get(range)
    return log === undefined || (log.replica === replica && log.last === 0 && log.damage === '')
  }

  /** The log of a split's right half, at once; a vote that the replica gave before stays. `onDurable` runs behind the sync. */
  beginHalf(
    range: RangeId,
    start: Omit<InstallingRecord, 'slot'> & { newHardState: HardState },
    onDurable: () => void,
  ): void {
    const { replica, snapshot, newHardState } = start
    const log = this.#logs.get(range) ?? this.#add(range, replica, newHardState, snapshot)
    if (log.last < snapshot.index) {
      const given = newHardState.term > log.hardState.term ? newHardState : log.hardState
      this.#changeHardState(log, { ...given, commit: newHardState.commit })
      log.reset(snapshot, this.#nextLogId++)
    }
    log.held = []
    this.#step((batch) => {
      this.#putNextLogId(batch)
      batch.put(logKeys.half(range), sealHalf(range, replica))
    }, onDurable)
  }

  /** The split is durable in database `data`: the half is a replica like any other. */
  finishHalf(range: RangeId): void {
    const log = this.log(range)
    const held = log.held ?? []
    log.held = null
    this.#step(
      (batch) => batch.del(logKeys.half(range)),
      () => killPoint('split.finished'),
    )
    for (const onDurable of held) onDurable()
  }

  /** At start, when the split never reached database `data`: only the vote is left. */
  undoHalf(range: RangeId): Promise<void> {
    const log = this.log(range)
    this.#discard({ logId: log.logId, from: log.snapshot.index + 1, to: log.last })
    log.reset(emptySnapshot, this.#nextLogId++)
    log.hardState = { ...log.hardState, commit: emptySnapshot.index }
    this.#changed.add(log)
    return this.#write((batch) => {
      this.#putNextLogId(batch)
      batch.del(logKeys.half(range))
    })
  }

  destroyReplica(range: RangeId, replica: ReplicaId): Promise<void> {
    const log = this.#logs.get(range)
    const highest = Math.max(replica, log?.replica ?? 0, this.#tombstones.get(range) ?? 0) as ReplicaId
    if (log !== undefined) {
      this.#discard({ logId: log.logId, from: log.snapshot.index + 1, to: log.last })
      log.reset(log.snapshot, log.logId)
      this.#cache.count(log)
      this.#changed.delete(log)
    }
    this.#logs.delete(range)
    this.#tombstones.set(range, highest)
    return this.#write((batch) => {
      batch.del(logKeys.replica(range))
      batch.del(logKeys.installing(range))
      batch.del(logKeys.half(range))
      batch.put(logKeys.tombstone(range), sealTombstone(range, highest))
    })
  }

  /** Another replica id, hard state and entries, in one batch. */
  renew(range: RangeId, { replica, hardState, entries }: Renewal): Promise<void> {
    const log = this.log(range)
    assert(replica > log.replica, () => `replica ${log.replica} of ${range} cannot become the older ${replica}`)
    log.replica = replica
    this.#changed.add(log)
    return this.#deps.poison.promise((onDurable) => this.append(range, { hardState, entries }, onDurable))
  }

  markDamaged(range: RangeId, reason: string): Promise<void> {
    const log = this.log(range)
    log.damage = log.damage === '' ? reason : log.damage
    this.#changed.add(log)
    return this.#write(null)
  }

  /** A replica of which only the data is left: it gets a record, so that it stays known as damaged. */
  addDamaged(range: RangeId, replica: ReplicaId, snapshot: SnapshotMeta, reason: string): Promise<void> {
    this.#add(range, replica, { term: snapshot.term, vote: null, commit: snapshot.index }, snapshot).damage = reason
    return this.#write((batch) => this.#putNextLogId(batch))
  }

  /** Waits for the write in flight; nothing is written behind it. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelGarbageTimer?.()
    while (this.#writing !== null && this.#deps.poison.error === null) await this.#writing
    await this.#writing
  }

  // ---- the loop ------------------------------------------------------------------------------------------------------

  #write(encode: ((batch: EngineBatch) => void) | null): Promise<void> {
    return this.#deps.poison.promise((onDurable) => this.#step(encode, onDurable))
  }

  #step(encode: Step['encode'], onDurable: () => void): void {
    this.#enqueue({ encode, onDurable, owner: null, log: null, rewrites: 0, last: 0 })
  }

  #enqueue(step: Step): void {
    this.#steps.push(step)
    if (this.#writing !== null || this.#scheduled) return
    // Everything handed over in this turn rides together.
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#writing === null) this.#cut()
    })
  }

  #cut(): void {
    if (this.#stopped || this.#deps.poison.error !== null) return
    this.beforeFlush?.()
    if (this.#steps.length === 0 && this.#garbage.length === 0) return
    const steps = this.#steps
    this.#steps = []
    const batch = this.#deps.engine.batch()
    for (const step of steps) step.encode?.(batch)
    for (const log of this.#changed) batch.put(log.key, sealReplica(log.key, log.record))
    this.#changed.clear()
    this.#takeOutGarbage(batch)
    this.#writing = this.#land(batch, steps)
  }

  async #land(batch: EngineBatch, steps: readonly Step[]): Promise<void> {
    const { clock, poison, number, dataNumber } = this.#deps
    if (batch.bytes > 0) {
      const startMs = clock.monotonicMs()
      this.busySinceMs = startMs
      const stamped = number.stamp(batch, dataNumber)
      killPoint('log.flush')
      try {
        await batch.write({ sync: true })
        killPoint('log.flushed')
      } catch (thrown) {
        poison.trip('log', thrown)
      }
      this.busySinceMs = null
      if (poison.error === null) {
        number.landed(stamped)
        this.#count(batch, clock.monotonicMs() - startMs)
      }
    } else {
      await Promise.resolve()
    }
    if (poison.error === null) this.#landed(steps)
    this.#writing = null
    if (poison.error !== null || this.#stopped) return
    if (this.#steps.length === 0 && this.#garbage.length > 0) this.#scheduleGarbage()
    this.#cutIfWaiting()
  }

  /** Nothing waits: the layer above may still have something that it held back for a free disk. */
  #cutIfWaiting(): void {
    if (this.#steps.length === 0) this.beforeFlush?.()
    if (this.#steps.length > 0) this.#cut()
  }

  #landed(steps: readonly Step[]): void {
    for (const { log, rewrites, last } of steps) {
      if (log === null || log.rewrites !== rewrites) continue
      log.durable = Math.max(log.durable, last)
      this.#cache.landed(log, last)
    }
    for (const { owner, log, onDurable } of steps) {
      const held = owner?.held
      // Votes count at once, entries and what was asked for behind them do not.
      if (held && (log !== null || held.length > 0)) held.push(onDurable)
      else onDurable()
    }
  }

  #count(batch: EngineBatch, tookMs: number): void {
    const stats = this.#stats
    stats.flushes++
    stats.bytes += batch.bytes
    stats.syncMs = tookMs
    stats.syncMsMax = Math.max(stats.syncMsMax, tookMs)
  }

  #scheduleGarbage(): void {
    this.#cancelGarbageTimer ??= this.#deps.timers.after(GARBAGE_PAUSE_MS, () => {
      this.#cancelGarbageTimer = null
      if (this.#writing === null) this.#cut()
    })
  }

  #takeOutGarbage(batch: EngineBatch): void {
    let room = GARBAGE_KEYS_MAX
    while (room > 0 && this.#garbage.length > 0) {
      const { logId, from, to } = this.#garbage[0] as LogGarbage
      const end = Math.min(to, from + room - 1)
      deleteEntries(batch, { logId, from, to: end })
      room -= end - from + 1
      if (end === to) this.#garbage.shift()
      else this.#garbage[0] = { logId, from: end + 1, to }
    }
  }

  // ---- parts ---------------------------------------------------------------------------------------------------------

  #add(range: RangeId, replica: ReplicaId, hardState: HardState, snapshot: SnapshotMeta): RangeLog {
    assert(!this.#logs.has(range), () => `range ${range} has a replica here already`)
    assert(
      replica > (this.#tombstones.get(range) ?? -1),
      () => `replica ${replica} of range ${range} was destroyed here`,
    )
    const logId = this.#nextLogId++
    const log = new RangeLog(this.#deps.engine, range, { replica, logId, hardState, snapshot, damage: '' })
    this.#logs.set(range, log)
    this.#changed.add(log)
    return log
  }

  #changeHardState(log: RangeLog, next: HardState): void {
    const now = log.hardState
    assert(next.term >= now.term, () => `term of ${log.range} goes back from ${now.term} to ${next.term}`)
    assert(
      next.term > now.term || now.vote === null || sameVote(now, next),
      () => `range ${log.range} changes its vote in term ${now.term}`,
    )
    log.hardState = next
    this.#changed.add(log)
  }

  #compact(log: RangeLog, point: SnapshotMeta): void {
    const from = log.snapshot.index + 1
    log.compact(point)
    this.#cache.count(log)
    this.#changed.add(log)
    this.#discard({ logId: log.logId, from, to: point.index })
  }

  #discard(garbage: LogGarbage): void {
    if (garbage.from <= garbage.to) this.#garbage.push(garbage)
  }

  #putEntries(batch: EngineBatch, log: RangeLog, logId: number, entries: readonly Entry[]): void {
    for (const entry of entries) batch.put(entryKey(logId, entry.index), this.#sealer.seal(log.rangeBytes, entry))
    this.#stats.entries += entries.length
  }

  #putNextLogId(batch: EngineBatch): void {
    const body = new ByteWriter().u64(this.#nextLogId).take()
    batch.put(logKeys.nextLogId, sealRecord(NEXT_LOG_ID_VERSION, logKeys.nextLogId, body))
  }
}

function deleteEntries(batch: EngineBatch, { logId, from, to }: LogGarbage): void {
  for (let index = from; index <= to; index++) batch.del(entryKey(logId, index))
}

function sameVote(a: HardState, b: HardState): boolean {
  return a.vote?.store === b.vote?.store && a.vote?.replica === b.vote?.replica
}
