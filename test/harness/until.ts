import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 40

/** Waits until `probe` gives something other than undefined or false, and gives that. A probe that throws says "not yet". */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 45_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last = ''
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (thrown) {
      last = `; last: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    }
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}${last}`)
    await sleep(POLL_MS)
  }
}
