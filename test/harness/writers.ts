/** Writers that never stop, each on keys of its own, and what a reader must find afterwards. */
import { setTimeout as sleep } from 'node:timers/promises'
import { toKvError } from '@base-kv/base'
import type { KvClient } from '@base-kv/client'

export interface Writers {
  /** Key → the newest value that was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>
  readonly unknownCount: number
  stop(): Promise<void>
  /** Each acknowledged write that a linearizable scan does not show, in words. */
  missing(client: KvClient): Promise<string[]>
}

const KEYS_EACH = 50

/** `pauseMs`: after each write of each. */
export function startWriters(client: KvClient, { count = 16, pauseMs = 0 } = {}): Writers {
  const acknowledged = new Map<string, string>()
  // A write with unknown outcome may show up, until a later one of the same key is acknowledged.
  const possible = new Map<string, Set<string>>()
  let unknownCount = 0
  let running = true

  const write = async (number: number): Promise<void> => {
    for (let sequence = 0; running; sequence++) {
      const key = `writers/${number}/${sequence % KEYS_EACH}`
      const value = `${number}:${sequence}`
      if (pauseMs > 0) await sleep(pauseMs)
      try {
        await client.put(key, value)
        acknowledged.set(key, value)
        possible.delete(key)
      } catch (thrown) {
        if (toKvError(thrown).applied === 'no') continue
        unknownCount++
        possible.set(key, (possible.get(key) ?? new Set()).add(value))
      }
    }
  }
  const all = Array.from({ length: count }, (_, number) => write(number))

  return {
    acknowledged,
    get unknownCount() {
      return unknownCount
    },
    async stop() {
      running = false
      await Promise.all(all)
    },
    async missing(reader) {
      const found = new Map<string, string>()
      for await (const { key, value } of reader.scan({ prefix: 'writers/' })) {
        found.set(Buffer.from(key).toString(), Buffer.from(value).toString())
      }
      return [...acknowledged].flatMap(([key, value]) => {
        const there = found.get(key)
        const fine = there === value || (there !== undefined && possible.get(key)?.has(there))
        return fine ? [] : [`${key}: acknowledged ${value}, found ${there ?? 'nothing'}`]
      })
    },
  }
}
