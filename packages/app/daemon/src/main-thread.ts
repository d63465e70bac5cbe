/**
 * How busy the main thread is. It is what a node's speed ends at: all but the disk's work runs on it, so a node with many
 * cores is at its limit when this one thread is.
 */
import { performance } from 'node:perf_hooks'
import type { Timers } from '@base-kv/base'

const LOOK_MS = 5_000

export class MainThread {
  readonly #timers: Timers
  #before = performance.eventLoopUtilization()
  #cancel: (() => void) | null = null
  /** 0 to 1, over the last five seconds, rounded. */
  share = 0

  constructor(timers: Timers) {
    this.#timers = timers
    this.#later()
  }

  close(): void {
    this.#cancel?.()
  }

  #later(): void {
    this.#cancel = this.#timers.after(LOOK_MS, () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, this.#before)
      this.#before = now
      this.share = Math.round(utilization * 100) / 100
      this.#later()
    })
  }
}
