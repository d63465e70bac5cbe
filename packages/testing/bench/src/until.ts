import { setTimeout as sleep } from 'node:timers/promises'
import { KvError } from '@base-kv/base'

/** Asks until there is an answer. @throws KvError DeadlineExceeded with the last reason */
export async function until<T>(what: string, withinMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const endMs = performance.now() + withinMs
  let reason = ''
  do {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (thrown) {
      if (thrown instanceof KvError && thrown.code === 'InternalError') throw thrown
      reason = `: ${(thrown as Error).message}`
    }
    await sleep(50)
  } while (performance.now() < endMs)
  throw new KvError('DeadlineExceeded', `${what} did not happen within ${withinMs} ms${reason}`)
}
