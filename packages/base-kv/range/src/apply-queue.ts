/**
 * Committed entries on their way to the state machine. When the state machine cannot keep up (its disk is slow), only so
 * many of them are kept in memory: the others stand in the log, which is not cut before they are applied, and are read
 * again from there.
 */
import { limits, type LogIndex } from '@base-kv/base'
import type { Entry, LogReader } from '@base-kv/raft'

export class ApplyQueue {
  readonly #log: LogReader
  readonly #bytesMax: number
  // Invariant: contiguous; begins behind what was taken last, when not empty.
  #entries: readonly Entry[] = []
  #at = 0
  #bytes = 0
  // The last entry that was pushed, in memory or not.
  #last: number

  constructor(log: LogReader, applied: LogIndex, bytesMax: number = limits.entryBytesMax) {
    this.#log = log
    this.#last = applied
    this.#bytesMax = bytesMax
  }

  push(committed: readonly Entry[]): void {
    const [first] = committed
    if (!first) return
    const waiting = this.#entries.length - this.#at
    const inMemory = waiting === 0 ? null : (this.#entries.at(-1) as Entry).index
    // Behind a gap that stands in the log, and over the bound: that is in the log too.
    const fits = waiting === 0 ? true : inMemory === this.#last && this.#bytes < this.#bytesMax
    if (fits) {
      this.#entries = waiting === 0 ? committed : [...this.#entries.slice(this.#at), ...committed]
      this.#at = 0
      this.#bytes = waiting === 0 ? sum(committed) : this.#bytes + sum(committed)
    }
    this.#last = (committed.at(-1) as Entry).index
  }

  /** The entry behind `applied`, or undefined when nothing waits. Follow with `took`. @throws KvError Corrupt */
  next(applied: LogIndex): Entry | undefined {
    if (this.#at < this.#entries.length) return this.#entries[this.#at]
    if (applied >= this.#last) return undefined
    this.#entries = this.#log.entries((applied + 1) as LogIndex, this.#last as LogIndex, this.#bytesMax)
    this.#at = 0
    this.#bytes = sum(this.#entries)
    return this.#entries[0]
  }

  took(entry: Entry): void {
    this.#at++
    this.#bytes -= entry.data.length
    if (this.#at < this.#entries.length) return
    this.#entries = []
    this.#at = 0
    this.#bytes = 0
  }

  /** A snapshot took the place of everything up to `index`. */
  skipTo(index: LogIndex): void {
    this.#entries = []
    this.#at = 0
    this.#bytes = 0
    this.#last = index
  }
}

function sum(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.data.length
  return bytes
}
