/** A range as it was at one moment: a LevelDB view and the sealed generations that were alive then. */
import { assert, intersect, limits } from '@base-kv/base'
import { slotKey } from './data-keys.ts'
import { newestChange, type Generation } from './generation.ts'
import { keyText } from './key-text.ts'
import type { EngineView, KeySpace, Pair, RangeIterator, RangeRecord, RangeView, ScanOptions } from './ports.ts'
import type { StoredRange } from './range-record.ts'
import { clipSegments, slotOf, type Segment } from './segments.ts'
import { SlotScan } from './slot-scan.ts'
import { openValue } from './value-codec.ts'

export class BufferedView implements RangeView {
  readonly #stored: StoredRange
  readonly #generations: readonly Generation[]
  readonly #view: EngineView

  /** `generations` are sealed. */
  constructor(stored: StoredRange, generations: readonly Generation[], view: EngineView) {
    this.#stored = stored
    this.#generations = generations
    this.#view = view
  }

  get record(): RangeRecord {
    return this.#stored.record
  }

  get(space: KeySpace, key: Uint8Array): Uint8Array | undefined {
    const slot = space === 'user' ? slotOf(this.#stored.segments, key) : this.#stored.localSlot
    const change = newestChange(this.#generations, slot, keyText(key))
    if (change !== undefined) return change ?? undefined
    const stored = slotKey(slot, key)
    const value = this.#view.get(stored)
    return value && openValue(stored, value)
  }

  scan(space: KeySpace, options: ScanOptions): RangeIterator {
    const asked = { start: options.start, end: options.end }
    const segments: Segment[] =
      space === 'local'
        ? [{ boundary: asked, slot: this.#stored.localSlot }]
        : clipSegments(this.#stored.segments, intersect(asked, this.#stored.record.boundary) ?? EMPTY)
    if (options.reverse) segments.reverse()
    return new SegmentsScan(segments, (segment) => this.#scanSegment(segment, options))
  }

  close(): Promise<void> {
    return this.#view.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #scanSegment({ slot, boundary }: Segment, options: ScanOptions): SlotScan {
    return new SlotScan(this.#view, this.#generations, {
      slot,
      boundary,
      reverse: options.reverse ?? false,
      pageBytes: options.pageBytes ?? limits.scanPageBytes,
      pagePairs: options.pagePairs ?? limits.scanPageKeysMax,
    })
  }
}

/** No key lies in it. */
const EMPTY = { start: new Uint8Array(0), end: new Uint8Array(0) }

/** One slot after another; a page never spans two. */
class SegmentsScan implements RangeIterator {
  readonly #segments: Segment[]
  readonly #open: (segment: Segment) => SlotScan
  #scan: SlotScan | null = null
  #running = false

  constructor(segments: Segment[], open: (segment: Segment) => SlotScan) {
    this.#segments = segments
    this.#open = open
  }

  async next(): Promise<readonly Pair[]> {
    assert(!this.#running, 'one page at a time')
    this.#running = true
    try {
      for (;;) {
        if (this.#scan === null) {
          const segment = this.#segments.shift()
          if (segment === undefined) return []
          this.#scan = this.#open(segment)
        }
        const page = await this.#scan.next()
        if (page.length > 0) return page
        await this.close()
      }
    } finally {
      this.#running = false
    }
  }

  async close(): Promise<void> {
    const scan = this.#scan
    this.#scan = null
    await scan?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
