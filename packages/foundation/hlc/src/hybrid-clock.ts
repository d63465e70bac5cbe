/**
 * A hybrid logical clock (Kulkarni et al., 2014): stamps that follow the wall clock and never go back, whatever it does.
 * 64 bits: 48 of milliseconds since 1970, 16 of a counter. Kept as two numbers; bigint only at the edges.
 *
 * Never spins: when the counter is full, the millisecond part moves on by itself.
 */
import { assert, type Clock } from '@base-kv/base'

export interface HlcStamp {
  readonly ms: number
  readonly counter: number
}

const COUNTER_MAX = 0xffff

export const hlcToBigint = (stamp: HlcStamp): bigint => (BigInt(stamp.ms) << 16n) | BigInt(stamp.counter)

export function hlcFromBigint(value: bigint): HlcStamp {
  assert(value >= 0n && value < 1n << 64n, 'a stamp is an unsigned 64-bit number')
  return { ms: Number(value >> 16n), counter: Number(value & 0xffffn) }
}

export function compareHlc(a: HlcStamp, b: HlcStamp): number {
  return a.ms - b.ms || a.counter - b.counter
}

export interface HybridClockOptions {
  /** A stamp further ahead of the wall clock than this is refused. Default 24 h: one bad packet must not lift every clock. */
  readonly aheadMaxMs?: number
}

export class HybridClock {
  readonly #clock: Clock
  readonly #aheadMaxMs: number
  // Invariant: (ms, counter) only grows.
  #ms = 0
  #counter = 0

  constructor(options: HybridClockOptions, deps: { readonly clock: Clock }) {
    this.#clock = deps.clock
    this.#aheadMaxMs = options.aheadMaxMs ?? 24 * 3_600_000
  }

  /** A stamp above every stamp given or observed before. */
  now(): HlcStamp {
    this.#moveTo(this.#wall())
    return { ms: this.#ms, counter: this.#counter }
  }

  /** Takes another node's stamp into account: every later stamp is above it. False, and nothing changes, when it is too far ahead. */
  observe(other: HlcStamp): boolean {
    const wall = this.#wall()
    if (other.ms - wall > this.#aheadMaxMs || other.counter > COUNTER_MAX || other.counter < 0) return false
    if (other.ms > this.#ms || (other.ms === this.#ms && other.counter > this.#counter)) {
      this.#ms = other.ms
      this.#counter = other.counter
    }
    return true
  }

  #wall(): number {
    return Math.max(0, Math.floor(this.#clock.wallMs()))
  }

  #moveTo(wall: number): void {
    if (wall > this.#ms) {
      this.#ms = wall
      this.#counter = 0
    } else if (this.#counter < COUNTER_MAX) {
      this.#counter++
    } else {
      this.#ms++
      this.#counter = 0
    }
  }
}
