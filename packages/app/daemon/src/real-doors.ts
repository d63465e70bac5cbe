/** The doors to the real machine. */
import { randomInt } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Clock, Random, Timers } from '@base-kv/base'

export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
}

export const realTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

export const realRandom: Random = {
  below: (bound) => randomInt(bound),
}

/** Milliseconds in which the event loop was not waiting for events, since the start. */
export const realLoopBusyMs = (): number => performance.eventLoopUtilization().active
