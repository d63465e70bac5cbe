import { UNKNOWN_MAX } from '@base-kv/test-kit'

/** The keys that clients use: a few at a time, spread over the key space. One with many unknown outcomes is given up. */
export class KeyBook {
  readonly count: number
  readonly #generations: number[]
  readonly #unknown: number[]
  readonly #all = new Set<string>()

  constructor(count: number) {
    this.count = count
    this.#generations = Array.from({ length: count }, () => 0)
    this.#unknown = Array.from({ length: count }, () => 0)
  }

  /** The key that is used in that place now. */
  key(place: number): string {
    const generation = this.#generations[place] ?? 0
    const key = `k${String(place).padStart(2, '0')}${generation > 0 ? `.${generation}` : ''}`
    this.#all.add(key)
    return key
  }

  /** Keys of every third place are lists, to which is only added. */
  isList(place: number): boolean {
    return place % 3 === 2
  }

  /** @returns whether the key was given up */
  unknown(place: number, key: string): boolean {
    if (this.isList(place) || this.key(place) !== key) return false
    this.#unknown[place] = (this.#unknown[place] ?? 0) + 1
    if ((this.#unknown[place] ?? 0) < UNKNOWN_MAX) return false
    this.#unknown[place] = 0
    this.#generations[place] = (this.#generations[place] ?? 0) + 1
    return true
  }

  get all(): readonly string[] {
    return [...this.#all]
  }
}

export const placeOf = (key: string): number => Number(key.slice(1, 3))
