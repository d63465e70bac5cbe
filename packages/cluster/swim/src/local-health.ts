/**
 * How well this process itself does (Lifeguard, section IV-A). One that is starved of CPU misses answers in time and would
 * call healthy members dead; the worse its score, the more patient it becomes.
 */
export class LocalHealth {
  readonly #max: number
  #score = 0

  /** @param max the multiplier at worst */
  constructor(max: number) {
    this.#max = max
  }

  /** 1 when all is well. */
  get multiplier(): number {
    return this.#score + 1
  }

  change(by: number): void {
    this.#score = Math.max(0, Math.min(this.#max - 1, this.#score + by))
  }
}
