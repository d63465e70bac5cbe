import type { Random } from '@base-kv/base'

/** Chance that one seed decides: the same numbers in the same order, on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    below(bound) {
      state = (state + 0x9e3779b9) >>> 0
      let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return Math.floor((((z ^ (z >>> 15)) >>> 0) / 2 ** 32) * bound)
    },
  }
}
