import type { Random } from '@base-kv/base'

/**
 * The one source of chance of a run: sfc32, seeded through splitmix32. `fork` gives an independent stream, so that one
 * part of the simulator that draws more often does not shift what every other part sees.
 */
export class Prng implements Random {
  private a: number
  private b: number
  private c: number
  private d = 1

  constructor(seed: number) {
    let state = seed >>> 0
    const mix = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.a = mix()
    this.b = mix()
    this.c = mix()
    for (let i = 0; i < 12; i++) this.uint32()
  }

  uint32(): number {
    const t = (((this.a + this.b) >>> 0) + this.d) >>> 0
    this.d = (this.d + 1) >>> 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) >>> 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) >>> 0
    return t
  }

  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound)
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.uint32() / 0x1_0000_0000
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + this.unit() * (to - from)
  }

  /** Uniform in [from, to], whole numbers. */
  integer(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** Exponential with that mean: the gaps between independent events. */
  gap(mean: number): number {
    return -Math.log(1 - this.unit()) * mean
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** A new list in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = out[i] as T
      out[i] = out[j] as T
      out[j] = kept
    }
    return out
  }

  fork(): Prng {
    return new Prng(this.uint32())
  }
}
