/**
 * Holds snapshots on their way out back, so that whoever else uses the loop is not held up. A chunk costs the sender's
 * loop time (reading, packing, writing to the socket: `loopMsPerMib`), and chunks follow one another so that
 *
 * - no more than `bytesPerSecondMax` leave, whatever else goes on;
 * - while others use the loop, snapshots have `loopShareMin` of it. What others leave unused is given to them too, half of
 *   it at most: of 30 % that others use, 40 % of the loop remain for snapshots; from 40 % on it is `loopShareMin`.
 *
 * One pace for all snapshots of a store together. How much others use is looked at every `lookEveryMs`; what the snapshots
 * themselves cost is taken off.
 */
import type { Clock, Timers } from '@base-kv/base'

const MIB = 1024 * 1024

export interface SnapshotPaceOptions {
  /** Default 128 MiB. */
  readonly bytesPerSecondMax: number
  /** Share of the loop's time, 0 to 1. Default 0.2. */
  readonly loopShareMin: number
  /** What one MiB costs the sender's loop; measured. */
  readonly loopMsPerMib: number
  readonly lookEveryMs: number
}

export const defaultSnapshotPace: SnapshotPaceOptions = {
  bytesPerSecondMax: 128 * MIB,
  loopShareMin: 0.2,
  loopMsPerMib: 8,
  lookEveryMs: 50,
}

export interface SnapshotPaceDeps {
  readonly clock: Clock
  readonly timers: Timers
  /** See StoreDeps. */
  loopBusyMs(): number
}

export class SnapshotPace {
  readonly #options: SnapshotPaceOptions
  readonly #deps: SnapshotPaceDeps
  /** When what has left so far is paid for. */
  #freeAtMs = 0
  #share: number
  #look: { readonly atMs: number; readonly busyMs: number }
  /** Of the snapshots, since the last look. */
  #ownMs = 0

  constructor(options: SnapshotPaceOptions, deps: SnapshotPaceDeps) {
    this.#options = options
    this.#deps = deps
    this.#share = options.loopShareMin
    this.#look = this.#now()
  }

  /** Resolves when a chunk of so many bytes may leave. */
  async take(bytes: number): Promise<void> {
    const { clock, timers } = this.#deps
    this.#lookAtLoop()
    const nowMs = clock.monotonicMs()
    const waitMs = this.#freeAtMs - nowMs
    const { bytesPerSecondMax, loopMsPerMib } = this.#options
    const costMs = (bytes / MIB) * loopMsPerMib
    this.#ownMs += costMs
    this.#freeAtMs =
      Math.max(this.#freeAtMs, nowMs) + Math.max((1_000 * bytes) / bytesPerSecondMax, costMs / this.#share)
    if (waitMs > 0) await new Promise<void>((resolve) => timers.after(waitMs, resolve))
  }

  #lookAtLoop(): void {
    const { loopShareMin, lookEveryMs } = this.#options
    const now = this.#now()
    const passedMs = now.atMs - this.#look.atMs
    if (passedMs < lookEveryMs) return
    const othersShare = (now.busyMs - this.#look.busyMs - this.#ownMs) / passedMs
    this.#share = Math.min(1, Math.max(loopShareMin, 1 - 2 * Math.max(0, othersShare)))
    this.#look = now
    this.#ownMs = 0
  }

  #now() {
    return { atMs: this.#deps.clock.monotonicMs(), busyMs: this.#deps.loopBusyMs() }
  }
}
