import { assert, type LogIndex, type Term } from '@base-kv/base'
import type { Entry, LogReader, SnapshotMeta } from '@base-kv/raft'

/** A replica's log in memory, strict: what is not there is an error. */
export class MemoryLog implements LogReader {
  snapshot: SnapshotMeta
  list: Entry[] = []
  /** How often the core had to read older entries back. */
  reads = 0

  constructor(snapshot: SnapshotMeta, list: readonly Entry[] = []) {
    this.snapshot = snapshot
    this.append(list)
  }

  get last(): number {
    return this.snapshot.index + this.list.length
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    this.reads++
    assert(from > this.snapshot.index && to <= this.last, () => `read of ${from}..${to} outside of the log`)
    const out: Entry[] = []
    let bytes = 0
    for (const entry of this.list.slice(from - this.snapshot.index - 1, to - this.snapshot.index)) {
      bytes += entry.data.length
      if (out.length > 0 && bytes > bytesMax) break
      out.push(entry)
    }
    return out
  }

  term(index: LogIndex): Term {
    const entry = this.list[index - this.snapshot.index - 1]
    assert(entry, () => `no entry ${index}`)
    return entry.term
  }

  truncateFrom(index: number): void {
    assert(index > this.snapshot.index, 'a snapshot is not truncated')
    this.list.length = Math.min(this.list.length, index - this.snapshot.index - 1)
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.last + 1, () => `entry ${entry.index} behind ${this.last}`)
      this.list.push(entry)
    }
  }

  cut(snapshot: SnapshotMeta): void {
    this.list.splice(0, snapshot.index - this.snapshot.index)
    this.snapshot = snapshot
  }

  clone(): MemoryLog {
    return new MemoryLog(this.snapshot, this.list)
  }
}
