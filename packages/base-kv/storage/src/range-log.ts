/**
 * One range's log in memory: where it begins and ends, which terms it holds, and its newest entries, from which readers
 * are answered; older entries come from the engine. What was handed over counts, durable or not.
 *
 * Invariants: snapshot.index <= last; tail is entries (last - tail.length, last]; runs are the terms of
 * (snapshot.index, last] in order.
 */
import {
  assert,
  KvError,
  logIndex,
  rangeIdToBytes,
  type LogIndex,
  type RangeId,
  type ReplicaId,
  type Term,
} from '@base-kv/base'
import type { Entry, HardState, LogReader, SnapshotMeta } from '@base-kv/raft'
import { entryKey, logKeys } from './log-keys.ts'
import { openEntry, type ReplicaRecord } from './log-records.ts'
import type { Engine } from './ports.ts'
import { SizeMarks } from './size-marks.ts'

/** Bytes of one entry beside its payload: key, header and what LevelDB adds. */
const ENTRY_OVERHEAD = 50

/** Entries from `from` on have this term, up to the next run. */
export interface TermRun {
  readonly from: number
  readonly term: Term
}

export class RangeLog implements LogReader {
  readonly range: RangeId
  readonly rangeBytes: Uint8Array
  /** Of its replica record. */
  readonly key: Uint8Array
  readonly #engine: Engine
  replica: ReplicaId
  logId: number
  hardState: HardState
  snapshot: SnapshotMeta
  damage: string
  last: number
  /** Entries up to here are known to be in the engine. */
  durable: number
  /** Grows with each truncation and reset: what an older write brought to disk may be gone again. */
  rewrites = 0
  /**
   * Acknowledgements that wait for the flush with the split that this log began with; null for every other log. Without
   * its data the log would be worth nothing after a crash, so its entries must not count before.
   */
  held: (() => void)[] | null = null
  readonly sizes = new SizeMarks()
  #runs: TermRun[] = []
  #tail: Entry[] = []
  #tailBytes = 0

  constructor(engine: Engine, range: RangeId, record: ReplicaRecord) {
    this.#engine = engine
    this.range = range
    this.rangeBytes = rangeIdToBytes(range)
    this.key = logKeys.replica(range)
    this.replica = record.replica
    this.logId = record.logId
    this.hardState = record.hardState
    this.snapshot = record.snapshot
    this.damage = record.damage
    this.last = record.snapshot.index
    this.durable = this.last
  }

  get record(): ReplicaRecord {
    const { replica, logId, hardState, snapshot, damage } = this
    return { replica, logId, hardState, snapshot, damage }
  }

  /** Payload bytes that the tail keeps in memory. */
  get tailBytes(): number {
    return this.#tailBytes
  }

  /** First index of the tail. */
  get tailFrom(): number {
    return this.last - this.#tail.length + 1
  }

  get bytes(): number {
    return this.sizes.since(this.snapshot.index)
  }

  /** An entry that is in the engine already (found at start): not kept in memory. */
  found(index: number, term: Term, dataBytes: number): void {
    assert(index === this.last + 1 && this.#tail.length === 0, 'entries are found in order')
    this.#extend(index, term, dataBytes)
    this.durable = index
  }

  push(entry: Entry): void {
    assert(
      entry.index === this.last + 1,
      () => `entry ${entry.index} does not follow ${this.last} in range ${this.range}`,
    )
    const kept = ownEntry(entry)
    this.#extend(entry.index, entry.term, entry.data.length)
    this.#tail.push(kept)
    this.#tailBytes += kept.data.length + ENTRY_OVERHEAD
  }

  /** Forgets entries from `from` on. */
  truncate(from: number): void {
    assert(from > this.snapshot.index && from <= this.last, () => `cannot truncate ${this.range} from ${from}`)
    while (this.#tail.length > 0 && this.last >= from) {
      this.#tailBytes -= (this.#tail.pop() as Entry).data.length + ENTRY_OVERHEAD
      this.last--
    }
    this.last = from - 1
    this.durable = Math.min(this.durable, this.last)
    this.rewrites++
    while ((this.#runs.at(-1)?.from ?? -1) >= from) this.#runs.pop()
    this.sizes.truncate(from)
  }

  /** The log begins behind `point` from now on. */
  compact(point: SnapshotMeta): void {
    assert(
      point.index >= this.snapshot.index && point.index <= this.last,
      () => `cannot compact ${this.range} to ${point.index}`,
    )
    this.#dropTail(point.index - this.tailFrom + 1)
    this.snapshot = point
    while ((this.#runs[1]?.from ?? Infinity) <= point.index + 1) this.#runs.shift()
    if (point.index === this.last) this.#runs = []
    this.sizes.compact(point.index)
  }

  /** The log is empty behind `point`, under a new log id. */
  reset(point: SnapshotMeta, logId: number): void {
    this.snapshot = point
    this.logId = logId
    this.last = point.index
    this.durable = this.last
    this.rewrites++
    this.#runs = []
    this.#tail = []
    this.#tailBytes = 0
    this.sizes.reset()
  }

  /** Drops entries up to `upTo` from memory, as far as they are in the engine. */
  trimTail(upTo: number): void {
    const count = Math.min(upTo, this.durable) - this.tailFrom + 1
    this.#dropTail(count)
  }

  #dropTail(count: number): void {
    if (count <= 0) return
    for (const entry of this.#tail.splice(0, count)) this.#tailBytes -= entry.data.length + ENTRY_OVERHEAD
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(from > this.snapshot.index, () => `entry ${from} of ${this.range} is compacted away`)
    const end = Math.min(to, this.last)
    const entries: Entry[] = []
    let bytes = 0
    for (let index: number = from; index <= end; index++) {
      const entry = this.#entry(index)
      bytes += entry.data.length
      if (entries.length > 0 && bytes > bytesMax) break
      entries.push(entry)
    }
    return entries
  }

  term(index: LogIndex): Term {
    assert(index > this.snapshot.index && index <= this.last, () => `no entry ${index} in ${this.range}`)
    let low = 0
    for (let high = this.#runs.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1
      if ((this.#runs[middle] as TermRun).from <= index) low = middle
      else high = middle - 1
    }
    return (this.#runs[low] as TermRun).term
  }

  /** Whether the log holds this very point. */
  holds(point: SnapshotMeta): boolean {
    if (point.index === this.snapshot.index) return point.term === this.snapshot.term
    return point.index > this.snapshot.index && point.index <= this.last && this.term(point.index) === point.term
  }

  #entry(index: number): Entry {
    const inTail = this.#tail[index - this.tailFrom]
    if (inTail !== undefined) return inTail
    const record = this.#engine.get(entryKey(this.logId, index))
    if (record === undefined) throw new KvError('Corrupt', `log entry ${index} of range ${this.range} is missing`)
    return openEntry(this.rangeBytes, logIndex(index), record)
  }

  #extend(index: number, term: Term, dataBytes: number): void {
    const newest = this.#runs.at(-1)?.term ?? this.snapshot.term
    assert(term >= newest, () => `entry ${index} of ${this.range} has term ${term} behind term ${newest}`)
    if (this.#runs.length === 0 || term !== newest) this.#runs.push({ from: index, term })
    this.last = index
    this.sizes.add(index, dataBytes + ENTRY_OVERHEAD)
  }
}

/** A small payload cut out of a large network frame would keep the whole frame alive: it is copied. */
function ownEntry(entry: Entry): Entry {
  if (entry.data.length * 2 >= entry.data.buffer.byteLength) return entry
  return { index: entry.index, term: entry.term, type: entry.type, data: Buffer.from(entry.data) }
}
