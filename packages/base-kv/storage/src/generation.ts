/**
 * The write buffer is a list of generations. Puts go to the newest; it is sealed when a flush or a read view begins, and
 * from then on never changes. A flush writes the oldest ones and drops them only after its sync returned; a read view
 * holds those that were alive when it began. So a view sees every key either in its LevelDB view or in its generations,
 * whatever is flushed meanwhile.
 *
 * A generation is Maps, one for each slot: a put costs one `set`. Keys are sorted when an iterator asks, once.
 */
import type { RangeId } from '@base-kv/base'
import type { EngineBatch } from './ports.ts'
import type { StoredRange } from './range-record.ts'
import type { PairSealer } from './value-codec.ts'

/** One slot's changes; null deletes. Keys are one character a byte. */
export class SlotBuffer {
  readonly changes = new Map<string, Uint8Array | null>()
  #sorted: readonly string[] | null = null

  /** All keys in byte order (which is how strings sort by themselves). Only of a sealed generation. */
  sortedKeys(): readonly string[] {
    this.#sorted ??= [...this.changes.keys()].sort()
    return this.#sorted
  }
}

/** What a batch of database `data` carries besides pairs and range records. */
export interface Rider {
  readonly encode: (batch: EngineBatch, sealer: PairSealer) => void
  readonly onDurable: () => void
}

export class Generation {
  readonly slots = new Map<number, SlotBuffer>()
  /** Newest record of each range that changed; null for one that is gone. */
  readonly ranges = new Map<RangeId, StoredRange | null>()
  /** Ranges that were split or merged in it. */
  readonly reshaped = new Set<RangeId>()
  readonly riders: Rider[] = []
  /** Batches of database `log` that must be durable before this generation may be written. */
  blockers = 0
  readonly sequence: number
  bytes = 0

  constructor(sequence: number) {
    this.sequence = sequence
  }

  get isEmpty(): boolean {
    return this.slots.size === 0 && this.ranges.size === 0
  }

  slot(slot: number): SlotBuffer {
    let buffer = this.slots.get(slot)
    if (buffer === undefined) {
      buffer = new SlotBuffer()
      this.slots.set(slot, buffer)
    }
    return buffer
  }
}

/** The newest change of a key in these generations (oldest first): undefined when there is none, null for a delete. */
export function newestChange(
  generations: readonly Generation[],
  slot: number,
  key: string,
): Uint8Array | null | undefined {
  for (let i = generations.length - 1; i >= 0; i--) {
    const change = generations[i]?.slots.get(slot)?.changes.get(key)
    if (change !== undefined) return change
  }
  return undefined
}
