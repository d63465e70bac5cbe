import { setTimeout as pause } from 'node:timers/promises'
import { type Log, silentLog } from '@base-kv/base'

export const log: Log = silentLog

/** Waits until `holds`; fails after `withinMs` with what `describe` says. */
export async function until(holds: () => boolean, withinMs = 8000, describe = () => ''): Promise<void> {
  const end = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${holds} ${describe()}`)
    await pause(5)
  }
}

/** The error that a promise rejects with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; hint?: string; applied?: string }> {
  try {
    await promise
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error('it did not fail')
}
