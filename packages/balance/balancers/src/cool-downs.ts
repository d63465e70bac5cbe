/**
 * When something about a range changed last, so that it is left alone for a while: what was just moved must not be moved
 * on by what everybody saw before. The time runs from when the change was first seen, not from when it was asked for,
 * since another node may have asked.
 */
import type { RangeId } from '@base-kv/base'
import type { RouteEntry } from '@base-kv/landscape'
import type { View } from '@base-kv/runtime'

interface Seen {
  readonly mark: string
  /** -Infinity: always. */
  readonly changedMs: number
}

export type CoolDownState = ReadonlyMap<RangeId, Seen>

export interface CoolDownOptions {
  readonly coolDownMs: number
  /** What a range is that was not there at the look before: free to be moved, or as if it had changed just now. */
  readonly firstSeen: 'isOver' | 'begins'
  /** What must have stayed the same. */
  readonly markOf: (entry: RouteEntry) => string
}

export class CoolDowns {
  static readonly none: CoolDownState = new Map()

  readonly state: CoolDownState
  /** Until the next range may be moved again; null: none is being left alone. */
  readonly waitMs: number | null
  readonly #over = new Set<RangeId>()

  constructor(
    before: CoolDownState,
    { route, landscape, nowMs }: View,
    { coolDownMs, firstSeen, markOf }: CoolDownOptions,
  ) {
    const unknownMs = firstSeen === 'isOver' ? Number.NEGATIVE_INFINITY : nowMs
    const state = new Map<RangeId, Seen>()
    let waitMs: number | null = null
    for (const entry of route) {
      const { id } = entry.range
      const mark = markOf(entry)
      const seen = before.get(id)
      const changedMs = seen === undefined ? unknownMs : seen.mark === mark ? seen.changedMs : nowMs
      state.set(id, { mark, changedMs })
      const leftMs = changedMs + coolDownMs - nowMs
      if (leftMs <= 0) this.#over.add(id)
      else waitMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, leftMs)
    }
    // Between two leaders a range is in no route for a moment. It is remembered as long as anybody has a replica of it.
    const hidden = new Map([...before].filter(([id]) => !state.has(id)))
    if (hidden.size > 0) {
      for (const { ranges } of landscape.stores) {
        for (const { id } of ranges) {
          const seen = hidden.get(id)
          if (seen !== undefined) state.set(id, seen)
        }
      }
    }
    this.state = state
    this.waitMs = waitMs
  }

  /** Whether the range may be moved. */
  isOver(range: RangeId): boolean {
    return this.#over.has(range)
  }
}
