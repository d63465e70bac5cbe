/**
 * The addresses that this node was given to find the others. Never given up: one at which no live member is known is
 * dialled again and again, with a growing pause, for ever. So a cluster that was cut for long, or whose members all moved,
 * finds together again.
 */
import type { HostId, Random } from '@base-kv/base'
import type { SwimTiming } from './options.ts'

interface Seed {
  readonly address: string
  nextMs: number
  pauseMs: number
  // Who answered there last: its own address may be written otherwise.
  host: HostId | undefined
}

export class Seeds {
  readonly #timing: SwimTiming
  readonly #random: Random
  #seeds: Seed[] = []

  constructor(timing: SwimTiming, random: Random) {
    this.#timing = timing
    this.#random = random
  }

  /** The addresses as of now; those that stay keep their pause. */
  set(addresses: readonly string[], nowMs: number): void {
    const known = new Map(this.#seeds.map((seed) => [seed.address, seed]))
    this.#seeds = [...new Set(addresses)].map(
      (address) =>
        known.get(address) ?? { address, nextMs: nowMs, pauseMs: this.#timing.seedRetryMinMs, host: undefined },
    )
  }

  /** Those to dial now; `met` says whether a live member is known by that address, or by that host id. */
  due(nowMs: number, met: (address: string, host: HostId | undefined) => boolean): string[] {
    const due: string[] = []
    for (const seed of this.#seeds) {
      if (seed.nextMs > nowMs || met(seed.address, seed.host)) continue
      due.push(seed.address)
      seed.nextMs = nowMs + seed.pauseMs / 2 + this.#random.below(Math.ceil(seed.pauseMs / 2) + 1)
      seed.pauseMs = Math.min(2 * seed.pauseMs, this.#timing.seedRetryMaxMs)
    }
    return due
  }

  answered(address: string, host: HostId): void {
    const seed = this.#seeds.find((one) => one.address === address)
    if (!seed) return
    seed.host = host
    seed.pauseMs = this.#timing.seedRetryMinMs
  }
}
