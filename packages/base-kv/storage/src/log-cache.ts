/** Bounds what the logs of all ranges keep in memory: the oldest durable entries go first, whichever range they are of. */
import type { RangeLog } from './range-log.ts'

interface Landed {
  readonly log: RangeLog
  readonly upTo: number
}

export class LogCache {
  readonly #bytesMax: number
  readonly #counted = new WeakMap<RangeLog, number>()
  #bytes = 0
  #landed: Landed[] = []
  /** Queue length at which forgotten logs and entries are swept out. */
  #sweepAt = 1024

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Call after anything that changed the log's tail. */
  count(log: RangeLog): void {
    this.#bytes += log.tailBytes - (this.#counted.get(log) ?? 0)
    this.#counted.set(log, log.tailBytes)
  }

  /** Entries up to `upTo` are durable, so they may be dropped in their turn. */
  landed(log: RangeLog, upTo: number): void {
    this.#landed.push({ log, upTo })
    let dropped = 0
    for (; this.#bytes > this.#bytesMax && dropped < this.#landed.length; dropped++) {
      const oldest = this.#landed[dropped] as Landed
      oldest.log.trimTail(oldest.upTo)
      this.count(oldest.log)
    }
    if (dropped > 0) this.#landed.splice(0, dropped)
    if (this.#landed.length >= this.#sweepAt) {
      this.#landed = this.#landed.filter((item) => item.upTo >= item.log.tailFrom && item.log.tailBytes > 0)
      this.#sweepAt = Math.max(1024, 2 * this.#landed.length)
    }
  }
}
