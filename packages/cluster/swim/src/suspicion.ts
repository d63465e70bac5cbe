/**
 * How long a suspect has to object (Lifeguard, section IV-B): long when one member alone suspects it, since that one may
 * be at fault itself; short once others, each from its own probe, say the same.
 */
import type { HostId } from '@base-kv/base'
import type { SwimTiming } from './options.ts'

export class Suspicion {
  readonly #startMs: number
  readonly #minMs: number
  readonly #maxMs: number
  // How many accusers besides the first shorten the time to its minimum.
  readonly #wanted: number
  // Invariant: at most 1 + #wanted.
  readonly #accusers = new Set<HostId>()

  /** @param members how many are not dead, this node included */
  constructor(first: HostId, members: number, timing: SwimTiming, nowMs: number) {
    this.#startMs = nowMs
    this.#minMs = timing.suspicionMult * Math.max(1, Math.log10(members)) * timing.probeIntervalMs
    // In a cluster of three nobody may be left to confirm.
    this.#wanted = members < 4 ? 0 : Math.max(1, timing.suspicionMult - 2)
    this.#maxMs = this.#wanted === 0 ? this.#minMs : timing.suspicionMaxMult * this.#minMs
    this.#accusers.add(first)
  }

  /** @returns whether it is one of the accusations that still count, so that it is worth spreading. */
  confirm(accuser: HostId): boolean {
    if (this.#accusers.has(accuser) || this.#accusers.size > this.#wanted) return false
    this.#accusers.add(accuser)
    return true
  }

  get deadlineMs(): number {
    if (this.#wanted === 0) return this.#startMs + this.#minMs
    const confirmed = this.#accusers.size - 1
    const share = Math.log(confirmed + 1) / Math.log(this.#wanted + 1)
    return this.#startMs + Math.max(this.#minMs, this.#maxMs - (this.#maxMs - this.#minMs) * share)
  }
}
