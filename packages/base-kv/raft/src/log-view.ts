/**
 * The log as the core sees it: newest entries in memory, older ones through the reader, and three small indexes that
 * save the core from ever scanning: where each term begins, which configuration counts from where, and how far entries
 * were handed to the disk. What the disk has made durable is kept in persistence.ts.
 */
import { assert, type LogIndex, type Term } from '@base-kv/base'
import { decodeConfig } from './config-codec.ts'
import { type Config, type Entry, EntryType, type LogReader, type SnapshotMeta } from './types.ts'

/** What an entry costs beside its payload, so that a flood of empty ones is bounded too. */
const entryOverheadBytes = 32

export const entryBytes = (entry: Entry): number => entry.data.length + entryOverheadBytes

export interface ConfigAt {
  readonly index: number
  readonly config: Config
}

const SCAN_BYTES = 1024 * 1024

export class LogView {
  private readonly reader: LogReader
  private readonly cacheBytesMax: number
  /** Invariant: entries with index in (snapshotIndex, last] exist; snapshotIndex <= handed <= last. */
  snapshotIndex: number
  snapshotTerm: number
  last: number
  /** Entries up to here were handed out to be written. */
  handed: number
  /** First index whose entry on disk must go, or null. Invariant: snapshotIndex < truncateFrom <= handed + 1. */
  truncateFrom: number | null = null
  /** Where each term begins. Invariant: not empty, rising; the first is the snapshot point itself. */
  private runs: { readonly index: number; readonly term: number }[]
  /** Invariant: not empty, rising; the first is the one in force at the snapshot point. */
  private configs: ConfigAt[]
  /** Entries (cacheFirst .. last], `cache[head]` being the first. */
  private cache: Entry[] = []
  private head = 0
  private cacheBytes = 0

  constructor(
    start: { readonly snapshot: SnapshotMeta; readonly lastIndex: number },
    reader: LogReader,
    cacheBytesMax: number,
  ) {
    this.reader = reader
    this.cacheBytesMax = cacheBytesMax
    this.snapshotIndex = start.snapshot.index
    this.snapshotTerm = start.snapshot.term
    this.last = this.snapshotIndex
    this.runs = [{ index: this.snapshotIndex, term: this.snapshotTerm }]
    this.configs = [{ index: this.snapshotIndex, config: start.snapshot.config }]
    this.handed = this.snapshotIndex
    while (this.last < start.lastIndex) {
      const chunk = reader.entries((this.last + 1) as LogIndex, start.lastIndex as LogIndex, SCAN_BYTES)
      assert(chunk.length > 0, () => `the log ends at ${this.last}, it should at ${start.lastIndex}`)
      for (const entry of chunk) this.push(entry)
      this.handed = this.last
      this.trim(this.last)
    }
  }

  get lastTerm(): number {
    return (this.runs.at(-1) as { term: number }).term
  }

  /** The newest configuration in the log: the one that counts. */
  get config(): Config {
    return (this.configs.at(-1) as ConfigAt).config
  }

  get configIndex(): number {
    return (this.configs.at(-1) as ConfigAt).index
  }

  /** The configurations that may be in force when only those up to `commit` are final: the newest of these, and later ones. */
  configsSince(commit: number): readonly ConfigAt[] {
    let at = this.configs.length - 1
    while (at > 0 && (this.configs[at] as ConfigAt).index > commit) at--
    return this.configs.slice(at)
  }

  /** The term at a position; undefined where the log does not reach: compacted, or not there yet. */
  term(index: number): number | undefined {
    if (index < this.snapshotIndex || index > this.last) return undefined
    return (this.runs[this.runAt(index)] as { term: number }).term
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term
  }

  /**
   * The last position up to `index` whose term is at most `term`: where two logs that differ at `index` can agree at the
   * earliest guess. May be one before the snapshot point, where nothing is known.
   */
  lastWithTermAtMost(index: number, term: number): number {
    let at = Math.min(index, this.last)
    if (at < this.snapshotIndex) return at
    for (let i = this.runAt(at); i >= 0; i--) {
      const run = this.runs[i] as { index: number; term: number }
      if (run.term <= term) return at
      at = run.index - 1
    }
    return at
  }

  /** Adds a new last entry. @returns whether it changed the configuration. */
  append(entry: Entry): boolean {
    return this.push(entry)
  }

  /** Removes `from` and all behind it. */
  truncate(from: number): void {
    assert(from > this.snapshotIndex && from <= this.last, () => `truncation from ${from} outside of the log`)
    if (from <= this.handed) {
      this.truncateFrom = Math.min(from, this.truncateFrom ?? from)
      this.handed = from - 1
    }
    const keep = Math.max(0, this.cache.length - (this.last - from + 1))
    for (let i = Math.max(keep, this.head); i < this.cache.length; i++)
      this.cacheBytes -= entryBytes(this.cache[i] as Entry)
    this.cache.length = Math.max(keep, this.head)
    this.last = from - 1
    while ((this.runs.at(-1) as { index: number }).index >= from) this.runs.pop()
    while ((this.configs.at(-1) as ConfigAt).index >= from) this.configs.pop()
  }

  /** Entries in [from, to], at least one, then no more than `bytesMax` of them. */
  slice(from: number, to: number, bytesMax: number): readonly Entry[] {
    assert(from > this.snapshotIndex && from <= to && to <= this.last, () => `slice ${from}..${to} outside of the log`)
    const cacheFirst = this.last - (this.cache.length - this.head) + 1
    if (from < cacheFirst) {
      const entries = this.reader.entries(from as LogIndex, Math.min(to, cacheFirst - 1) as LogIndex, bytesMax)
      assert(entries[0]?.index === from, () => `the log on disk does not hold ${from}`)
      return entries
    }
    const begin = this.head + from - cacheFirst
    const end = begin + (to - from) + 1
    let bytes = 0
    for (let i = begin; i < end; i++) {
      bytes += entryBytes(this.cache[i] as Entry)
      if (bytes > bytesMax && i > begin) return this.cache.slice(begin, i)
    }
    return this.cache.slice(begin, end)
  }

  /** An entry that is certainly still in memory. */
  cached(index: number): Entry {
    const entry = this.cache[this.cache.length - 1 - (this.last - index)]
    assert(entry?.index === index, () => `entry ${index} is not in memory`)
    return entry
  }

  /** Takes what the disk has not been given yet. */
  takeUnwritten(): readonly Entry[] {
    if (this.handed === this.last) return []
    const entries = this.cache.slice(this.cache.length - (this.last - this.handed))
    this.handed = this.last
    return entries
  }

  takeTruncation(): LogIndex | null {
    const from = this.truncateFrom
    this.truncateFrom = null
    return from as LogIndex | null
  }

  /** Lets old entries leave memory, as far as `through`, down to the bound. */
  trim(through: number, bytesMax = this.cacheBytesMax): void {
    let first = this.last - (this.cache.length - this.head) + 1
    while (this.cacheBytes > bytesMax && first <= through && this.head < this.cache.length) {
      this.cacheBytes -= entryBytes(this.cache[this.head] as Entry)
      this.head++
      first++
    }
    // Dead slots are moved out only once they are the larger part, so that trimming stays cheap on average.
    if (this.head > 64 && 2 * this.head > this.cache.length) {
      this.cache = this.cache.slice(this.head)
      this.head = 0
    }
  }

  /** Forgets everything up to `index`. */
  compact(index: number): SnapshotMeta {
    if (index > this.snapshotIndex) {
      const term = this.term(index)
      assert(term !== undefined && index <= this.handed, () => `compaction at ${index} outside of the log`)
      const run = this.runAt(index)
      this.runs = [{ index, term }, ...this.runs.slice(run + 1)]
      let at = this.configs.length - 1
      while ((this.configs[at] as ConfigAt).index > index) at--
      this.configs = [{ index, config: (this.configs[at] as ConfigAt).config }, ...this.configs.slice(at + 1)]
      this.snapshotIndex = index
      this.snapshotTerm = term
      while (this.head < this.cache.length && (this.cache[this.head] as Entry).index <= index) {
        this.cacheBytes -= entryBytes(this.cache[this.head] as Entry)
        this.head++
      }
      this.trim(0)
    }
    return this.snapshot()
  }

  /** Starts over behind a snapshot. */
  reset(snapshot: SnapshotMeta): void {
    this.snapshotIndex = snapshot.index
    this.snapshotTerm = snapshot.term
    this.last = snapshot.index
    this.handed = snapshot.index
    this.truncateFrom = null
    this.runs = [{ index: snapshot.index, term: snapshot.term }]
    this.configs = [{ index: snapshot.index, config: snapshot.config }]
    this.cache = []
    this.head = 0
    this.cacheBytes = 0
  }

  snapshot(): SnapshotMeta {
    const { config } = this.configs[0] as ConfigAt
    return { index: this.snapshotIndex as LogIndex, term: this.snapshotTerm as Term, config }
  }

  private push(entry: Entry): boolean {
    assert(entry.index === this.last + 1, () => `entry ${entry.index} behind ${this.last}`)
    assert(entry.term >= this.lastTerm, () => `entry ${entry.index} of term ${entry.term} behind term ${this.lastTerm}`)
    if (entry.term > this.lastTerm) this.runs.push({ index: entry.index, term: entry.term })
    this.cache.push(entry)
    this.cacheBytes += entryBytes(entry)
    this.last = entry.index
    if (entry.type !== EntryType.config) return false
    const config = decodeConfig(entry.data)
    assert(config, () => `entry ${entry.index} holds no configuration`)
    this.configs.push({ index: entry.index, config })
    return true
  }

  /** The run that holds `index`, which lies in the log. Nearly always the last one. */
  private runAt(index: number): number {
    let low = 0
    let high = this.runs.length - 1
    if ((this.runs[high] as { index: number }).index <= index) return high
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.runs[middle] as { index: number }).index <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}
