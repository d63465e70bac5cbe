/** Clock and timers that go only when told, and chance that is the same each time. */
import type { Clock, Random, Timers } from '@base-kv/base'

export class VirtualTime implements Clock, Timers {
  #nowMs = 1_000
  #pending: { readonly atMs: number; readonly run: () => void }[] = []

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#pending.push(timer)
    return () => {
      this.#pending = this.#pending.filter((one) => one !== timer)
    }
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [first] = this.#pending.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (first === undefined) break
      this.#pending = this.#pending.filter((one) => one !== first)
      this.#nowMs = Math.max(this.#nowMs, first.atMs)
      first.run()
    }
    this.#nowMs = untilMs
  }
}

export class Chance implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * bound)
  }
}
