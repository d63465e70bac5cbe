/**
 * Whom to probe next: everybody once in a random order, then everybody again in another. So each member is probed at
 * least once in 2n - 1 turns, which pure chance could not promise. A new one gets a random place in what is left.
 */
import type { HostId, Random } from '@base-kv/base'

export class ProbeOrder {
  readonly #random: Random
  #left: HostId[] = []

  constructor(random: Random) {
    this.#random = random
  }

  add(host: HostId): void {
    this.#left.splice(this.#random.below(this.#left.length + 1), 0, host)
  }

  /** Asked next of all. */
  addFirst(host: HostId): void {
    this.#left = this.#left.filter((one) => one !== host)
    this.#left.push(host)
  }

  /** `all`: whom a new turn has; `fit`: whether one of the list may still be probed. */
  next(all: () => HostId[], fit: (host: HostId) => boolean): HostId | undefined {
    for (let turn = 0; turn < 2; turn++) {
      for (let host = this.#left.pop(); host !== undefined; host = this.#left.pop()) if (fit(host)) return host
      this.#left = shuffled(all(), this.#random)
    }
    return undefined
  }
}

/** Up to `count` of the list, at random. Changes the list. */
export function sample<T>(list: T[], count: number, random: Random): T[] {
  const taken = Math.min(count, list.length)
  for (let i = 0; i < taken; i++) {
    const j = i + random.below(list.length - i)
    const kept = list[i] as T
    list[i] = list[j] as T
    list[j] = kept
  }
  return list.slice(0, taken)
}

const shuffled = <T>(list: T[], random: Random): T[] => sample(list, list.length, random)
