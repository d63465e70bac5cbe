/**
 * Merges make a range's list of segments longer, and every scan and every record of the range pays for it. A range with
 * more than `segmentsMax` of them is moved into one fresh slot in the background, page by page, from its first key to its
 * last.
 *
 * A page is read from a view. What is put meanwhile is noted, and when the page is there, both go into the fresh slot and
 * the list of segments says so, in one turn and so in one batch. Each page is a whole step: readers and writers never wait, a
 * crash leaves some pages moved, and a split, merge or snapshot in between only makes the page at hand void.
 */
import type { LogFields, RangeId, Timers } from '@base-kv/base'
import type { BufferedRange } from './buffered-range.ts'
import type { DataFlush } from './data-flush.ts'
import type { Slots } from './slots.ts'

const PAGE_BYTES = 256 * 1024
const PAUSE_MS = 10

export interface SegmentRewriteDeps {
  readonly flush: DataFlush
  readonly slots: Slots
  readonly timers: Timers
  readonly segmentsMax: number
  readonly range: (range: RangeId) => BufferedRange | undefined
  readonly warn: (message: string, fields: LogFields) => void
}

export class SegmentRewrite {
  readonly #deps: SegmentRewriteDeps
  readonly #queue: RangeId[] = []
  #running = false
  #stopped = false
  /** Ranges moved into one slot so far. */
  done = 0

  constructor(deps: SegmentRewriteDeps) {
    this.#deps = deps
  }

  /** Queues the range when it has too many segments. */
  consider(range: RangeId): void {
    const segments = this.#deps.range(range)?.stored.segments.length ?? 0
    if (segments <= this.#deps.segmentsMax || this.#queue.includes(range)) return
    this.#queue.push(range)
    if (this.#running) return
    this.#running = true
    void this.#runAll().finally(() => {
      this.#running = false
    })
  }

  stop(): void {
    this.#stopped = true
  }

  async #runAll(): Promise<void> {
    while (!this.#stopped) {
      const range = this.#queue[0]
      if (range === undefined) return
      try {
        await this.#rewrite(range)
      } catch (thrown) {
        // A failed write has poisoned the store already; wrong bytes stay where they are, for the reader that meets them.
        this.#deps.warn('could not join the segments of a range', { range, error: String(thrown) })
      }
      this.#queue.shift()
    }
  }

  async #rewrite(id: RangeId): Promise<void> {
    const { flush, slots, timers } = this.#deps
    const [slot] = (await slots.allocate(1)) as [number]
    const range = this.#deps.range(id)
    if (range === undefined) return
    const left = new Set<number>()
    // Everything before it is moved.
    let at = range.record.boundary.start
    while (this.#isThere(id, range) && range.stored.segments.length > 1) {
      // Merges may have brought more since the last page.
      for (const segment of range.stored.segments) left.add(segment.slot)
      at = await this.#movePage(id, range, slot, at)
      await new Promise<void>((resolve) => timers.after(PAUSE_MS, resolve))
      await flush.whenRoom()
    }
    left.delete(slot)
    slots.clear([...left])
    if (this.#isThere(id, range)) this.done++
  }

  /** @returns where the next page begins */
  async #movePage(id: RangeId, range: BufferedRange, slot: number, at: Uint8Array | null): Promise<Uint8Array | null> {
    const { segments } = range.stored
    const notes = range.beginNotes()
    try {
      await using view = range.readView()
      await using scan = view.scan('user', { start: at, end: null, pageBytes: PAGE_BYTES })
      const pairs = await scan.next()
      if (!this.#isThere(id, range) || range.stored.segments !== segments) return at
      const last = pairs.at(-1)
      const end = last === undefined ? range.record.boundary.end : Buffer.concat([last[0], Buffer.alloc(1)])
      range.move({ boundary: { start: at, end }, slot }, pairs, notes)
      this.#deps.flush.touched()
      return end
    } finally {
      range.endNotes()
    }
  }

  #isThere(id: RangeId, range: BufferedRange): boolean {
    return !this.#stopped && this.#deps.range(id) === range && !range.frozen
  }
}
