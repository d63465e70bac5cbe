/** Pages of one slot in key order: the engine's pairs and the changes of sealed generations, merged; the newest change wins. */
import type { Boundary } from '@base-kv/base'
import { SLOT_PREFIX_BYTES, slotRange } from './data-keys.ts'
import { newestChange, type Generation } from './generation.ts'
import { keyBytes, keyText } from './key-text.ts'
import type { EngineIterator, EngineView, Pair } from './ports.ts'
import { openValue } from './value-codec.ts'

export interface SlotScanOptions {
  readonly slot: number
  readonly boundary: Boundary
  readonly reverse: boolean
  readonly pageBytes: number
  readonly pagePairs: number
}

export class SlotScan {
  readonly #options: SlotScanOptions
  readonly #generations: readonly Generation[]
  readonly #cursors: Cursor[]
  readonly #iterator: EngineIterator
  #page: readonly Pair[] = []
  #at = 0
  #ended = false

  constructor(view: EngineView, generations: readonly Generation[], options: SlotScanOptions) {
    this.#options = options
    this.#generations = generations.filter((generation) => generation.slots.has(options.slot))
    this.#cursors = this.#generations.map((generation) => new Cursor(generation, options))
    const { slot, boundary, reverse, pageBytes, pagePairs } = options
    this.#iterator = view.iterate({ ...slotRange(slot, boundary.start, boundary.end), reverse, pageBytes, pagePairs })
  }

  /** Empty at the end. */
  async next(): Promise<readonly Pair[]> {
    const { pageBytes, pagePairs } = this.#options
    const page: Pair[] = []
    for (let bytes = 0; bytes < pageBytes && page.length < pagePairs;) {
      if (this.#at === this.#page.length && !this.#ended) await this.#readPage()
      const pair = this.#step()
      if (pair === null) break
      if (pair === undefined) continue
      page.push(pair)
      bytes += pair[0].length + pair[1].length
    }
    return page
  }

  close(): Promise<void> {
    return this.#iterator.close()
  }

  async #readPage(): Promise<void> {
    this.#page = await this.#iterator.next()
    this.#at = 0
    this.#ended = this.#page.length === 0
  }

  /** The next pair; undefined for a key that is deleted, null at the end. */
  #step(): Pair | undefined | null {
    const changed = this.#nextChanged()
    const stored = this.#page[this.#at]
    if (stored === undefined) return changed === undefined ? null : this.#takeChange(changed)
    if (changed === undefined) return this.#takeStored(stored)
    const key = keyText(stored[0], SLOT_PREFIX_BYTES)
    if (key === changed) {
      this.#at++
      return this.#takeChange(changed)
    }
    return key < changed !== this.#options.reverse ? this.#takeStored(stored) : this.#takeChange(changed)
  }

  /** The first key in order that a generation changes. */
  #nextChanged(): string | undefined {
    let first: string | undefined
    for (const { key } of this.#cursors) {
      if (key !== undefined && (first === undefined || key < first !== this.#options.reverse)) first = key
    }
    return first
  }

  #takeChange(key: string): Pair | undefined {
    for (const cursor of this.#cursors) if (cursor.key === key) cursor.advance()
    const value = newestChange(this.#generations, this.#options.slot, key)
    return value == null ? undefined : [keyBytes(key), value]
  }

  #takeStored([key, value]: Pair): Pair {
    this.#at++
    return [key.subarray(SLOT_PREFIX_BYTES), openValue(key, value)]
  }
}

/** Walks one generation's changes of the slot inside the boundary. */
class Cursor {
  readonly #keys: readonly string[]
  readonly #step: number
  #at: number
  #left: number

  constructor(generation: Generation, { slot, boundary, reverse }: SlotScanOptions) {
    this.#keys = generation.slots.get(slot)?.sortedKeys() ?? []
    const from = boundary.start === null ? 0 : firstAtOrAfter(this.#keys, keyText(boundary.start))
    const to = boundary.end === null ? this.#keys.length : firstAtOrAfter(this.#keys, keyText(boundary.end))
    this.#left = Math.max(0, to - from)
    this.#step = reverse ? -1 : 1
    this.#at = reverse ? to - 1 : from
  }

  get key(): string | undefined {
    return this.#left > 0 ? this.#keys[this.#at] : undefined
  }

  advance(): void {
    this.#at += this.#step
    this.#left--
  }
}

function firstAtOrAfter(keys: readonly string[], key: string): number {
  let low = 0
  for (let high = keys.length; low < high;) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
