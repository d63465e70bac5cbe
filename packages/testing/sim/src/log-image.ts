import { assert, type LogIndex, type Term } from '@base-kv/base'
import { decodeConfig, EntryType, type Config, type Entry, type LogReader, type SnapshotMeta } from '@base-kv/raft'

/**
 * One replica's log as somebody sees it: the shell's picture in memory, or what is on the disk. It is deliberately
 * strict: a read outside of it, an append that leaves a gap, or a cut beyond the end is an error, not an empty answer.
 */
export class LogImage implements LogReader {
  snapshot: SnapshotMeta
  /** Entries snapshot.index + 1 and on, contiguous. */
  private list: Entry[]
  /** Indexes of the configuration entries in the list, rising. */
  private configIndexes: number[]

  constructor(snapshot: SnapshotMeta, list: readonly Entry[] = []) {
    this.snapshot = snapshot
    this.list = []
    this.configIndexes = []
    this.append(list)
  }

  get last(): number {
    return this.snapshot.index + this.list.length
  }

  get lastTerm(): number {
    return this.termOrSnapshot(this.last)
  }

  entry(index: number): Entry {
    const entry = this.list[index - this.snapshot.index - 1]
    assert(entry, () => `entry ${index} is outside of the log (${this.snapshot.index}, ${this.last}]`)
    return entry
  }

  term(index: LogIndex): Term {
    return this.entry(index).term
  }

  termOrSnapshot(index: number): number {
    return index === this.snapshot.index ? this.snapshot.term : this.entry(index).term
  }

  /** Whether the position is in the log, as an entry or as the snapshot's own, with that term. */
  matches(index: number, term: number): boolean {
    return index >= this.snapshot.index && index <= this.last && this.termOrSnapshot(index) === term
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(from > this.snapshot.index, () => `entries from ${from}: cut off at ${this.snapshot.index}`)
    assert(to <= this.last, () => `entries to ${to}: the log ends at ${this.last}`)
    const out: Entry[] = []
    let bytes = 0
    for (let index: number = from; index <= to; index++) {
      const entry = this.entry(index)
      bytes += entry.data.length
      if (out.length > 0 && bytes > bytesMax) break
      out.push(entry)
    }
    return out
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.last + 1, () => `append of ${entry.index} behind ${this.last}`)
      if (entry.type === EntryType.config) this.configIndexes.push(entry.index)
      this.list.push(entry)
    }
  }

  truncateFrom(index: number): void {
    assert(index > this.snapshot.index, () => `truncation from ${index}: cut off at ${this.snapshot.index}`)
    this.list.length = Math.min(this.list.length, index - this.snapshot.index - 1)
    while ((this.configIndexes.at(-1) ?? -1) >= index) this.configIndexes.pop()
  }

  /** Forgets everything up to `snapshot.index`, which the log holds. */
  cut(snapshot: SnapshotMeta): void {
    assert(snapshot.index >= this.snapshot.index && snapshot.index <= this.last, () => `cut at ${snapshot.index}`)
    this.list.splice(0, snapshot.index - this.snapshot.index)
    this.snapshot = snapshot
    this.configIndexes = this.configIndexes.filter((index) => index > snapshot.index)
  }

  /** A snapshot takes the place of the log; what follows it stays when, and only when, the log agrees with it there. */
  install(snapshot: SnapshotMeta): void {
    if (this.matches(snapshot.index, snapshot.term)) {
      this.cut(snapshot)
      return
    }
    this.snapshot = snapshot
    this.list = []
    this.configIndexes = []
  }

  clone(): LogImage {
    return new LogImage(this.snapshot, this.list)
  }

  /** The newest configuration at or before `index`, and where it stands. */
  configAt(index: number): { readonly index: number; readonly config: Config } {
    for (let i = this.configIndexes.length - 1; i >= 0; i--) {
      const at = this.configIndexes[i] as number
      if (at <= index) return { index: at, config: configOf(this.entry(at)) }
    }
    return { index: this.snapshot.index, config: this.snapshot.config }
  }
}

const decoded = new WeakMap<Entry, Config>()

/** The configuration that an entry holds. */
export function configOf(entry: Entry): Config {
  const known = decoded.get(entry)
  if (known) return known
  const config = decodeConfig(entry.data)
  assert(config, () => `entry ${entry.index} holds no configuration`)
  decoded.set(entry, config)
  return config
}
