/**
 * The epoch that a store takes part in: at most one, for ever, also when its last replica has left. Which one follows
 * from the ids of its ranges, present and past.
 */
import { assert, parseRangeId, type RangeId } from '@base-kv/base'
import type { HeldEpoch } from './store-deps.ts'

export class EpochMembership {
  // Invariant: set once.
  #epoch: string | null = null
  // Never taken back.
  #confirmed = false

  /** `anyConfirmed`: whether a range here has applied the entry that confirms the epoch; asked until it has. */
  held(anyConfirmed: () => boolean): HeldEpoch | null {
    if (this.#epoch === null) return null
    if (!this.#confirmed) this.#confirmed = anyConfirmed()
    return { epoch: this.#epoch, confirmed: this.#confirmed }
  }

  hold(range: RangeId): void {
    this.#epoch ??= epochOf(range)
  }

  /** A replica has left its range, or was damaged: that happens in a confirmed epoch only. */
  holdConfirmed(range: RangeId): void {
    this.hold(range)
    this.#confirmed = true
  }

  /** Whether a replica of that range may be here. */
  admits(range: RangeId): boolean {
    return this.#epoch === null || this.#epoch === epochOf(range)
  }
}

function epochOf(range: RangeId): string {
  const parts = parseRangeId(range)
  assert(parts, 'range ids of a store are well formed')
  return String(parts.epoch)
}
