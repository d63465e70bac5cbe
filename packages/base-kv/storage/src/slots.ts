/**
 * Slot ids and the clearing of what no range refers to any more.
 *
 * Ids are never reused, and the next one is durable before the first pair of a slot: a load that a crash cut off leaves
 * pairs under an id that nothing will ever read. Clearing goes in small batches with pauses, and a compaction behind each
 * slice: a million tombstones would cost the next iterator a quarter of a second.
 */
import { compareStarts, killPoint, wholeKeySpace, type Boundary, type Timers } from '@base-kv/base'
import { asBuffer, ByteWriter, openRecord, readU64, sealRecord } from './byte-codec.ts'
import type { DataFlush } from './data-flush.ts'
import { dataKeys, slotRange } from './data-keys.ts'
import { firstPair } from './log-recovery.ts'
import type { Engine, EngineBatch, EngineView } from './ports.ts'

const VERSION = 1
const CLEAR_KEYS = 1000
const CLEAR_PAUSE_MS = 10

/** Where slots are in use: the boundaries that ranges have in them. */
export type SlotUse = ReadonlyMap<number, readonly Boundary[]>

export interface SlotsDeps {
  readonly engine: Engine
  readonly flush: DataFlush
  readonly timers: Timers
  /** The present use, loads under way included. */
  readonly use: () => SlotUse
}

export class Slots {
  readonly #deps: SlotsDeps
  #next: number
  readonly #toClear: number[] = []
  #clearing = false
  #stopped = false

  constructor(deps: SlotsDeps, found: { readonly next: number; readonly slots: readonly number[] }) {
    this.#deps = deps
    this.#next = Math.max(found.next, ...found.slots.map((slot) => slot + 1))
  }

  /** New ids, safe to use when resolved. */
  async allocate(count: number): Promise<number[]> {
    const ids = Array.from({ length: count }, (_, at) => this.#next + at)
    this.#next += count
    await this.#deps.flush.ride((batch) => this.putNext(batch))
    return ids
  }

  /** A new id for the write buffer: the batch that first uses it must carry `putNext`. */
  take(): number {
    return this.#next++
  }

  putNext(batch: EngineBatch): void {
    const body = new ByteWriter().u64(this.#next).take()
    batch.put(dataKeys.nextSlot, sealRecord(VERSION, dataKeys.nextSlot, body))
  }

  /** Clears what nothing refers to in these slots, in the background. */
  clear(slots: readonly number[]): void {
    this.#toClear.push(...slots)
    if (!this.#clearing) {
      this.#clearing = true
      // A failed write has poisoned the store already and is told there.
      this.#clearAll()
        .catch(() => {})
        .finally(() => {
          this.#clearing = false
        })
    }
  }

  get toClear(): number {
    return this.#toClear.length
  }

  stop(): void {
    this.#stopped = true
  }

  async #clearAll(): Promise<void> {
    while (!this.#stopped) {
      const slot = this.#toClear[0]
      if (slot === undefined) return
      // The gaps as of now, then a flush: what the buffer still holds for them would come behind the clearing, and the
      // records on disk would still refer to them. A gap never comes into use again.
      const free = gaps(this.#deps.use().get(slot) ?? [])
      await this.#deps.flush.flushNow()
      for (const gap of free) await this.#clearGap(slotRange(slot, gap.start, gap.end))
      this.#toClear.shift()
    }
  }

  async #clearGap(bounds: { readonly start: Uint8Array; readonly end: Uint8Array }): Promise<void> {
    const { engine, flush, timers } = this.#deps
    await using view = engine.readView()
    await using iterator = view.iterate({ ...bounds, pagePairs: CLEAR_KEYS })
    let cleared = false
    for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
      const keys = page.map(([key]) => key)
      if (this.#stopped) return
      await flush.ride((batch) => keys.forEach((key) => batch.del(key)))
      killPoint('slots.clear')
      cleared = true
      await new Promise<void>((resolve) => timers.after(CLEAR_PAUSE_MS, resolve))
    }
    if (cleared) killPoint('slots.cleared')
    if (cleared && !this.#stopped) await engine.compactRange(bounds.start, bounds.end)
  }
}

/** The parts of the key space that none of these boundaries (disjoint) covers. */
export function gaps(used: readonly Boundary[]): Boundary[] {
  const sorted = used.toSorted((a, b) => compareStarts(a.start, b.start))
  const free: Boundary[] = []
  let at = wholeKeySpace.start
  for (const [number, { start, end }] of sorted.entries()) {
    const begins = number === 0 ? start !== null : compareStarts(at, start) < 0
    if (begins) free.push({ start: at, end: start })
    if (end === null) return free
    at = end
  }
  return [...free, { start: at, end: null }]
}

/** All slots that have pairs on disk. */
export async function slotsOnDisk(view: EngineView): Promise<number[]> {
  const slots: number[] = []
  let start: Uint8Array = dataKeys.slots.start
  for (;;) {
    const first = await firstPair(view, { start, end: dataKeys.slots.end })
    if (first === undefined) return slots
    const slot = readU64(asBuffer(first[0]), 1)
    slots.push(slot)
    start = slotRange(slot, null, null).end
  }
}

export function readNextSlot(engine: Engine): number {
  const record = engine.get(dataKeys.nextSlot)
  return record === undefined ? 1 : openRecord('the next slot id', VERSION, dataKeys.nextSlot, record).u64()
}
