/** Writers that never stop: each writes one key after another, and remembers which were acknowledged. */
import { toKvError } from '@base-kv/base'
import type { KvClient } from '@base-kv/client'

export interface WriteLoad {
  /** Key → value, of writes that were acknowledged: all of it must be there in the end. */
  readonly acknowledged: ReadonlyMap<string, string>
  /** Keys of writes whose outcome nobody knows: may be there or not. */
  readonly unknown: ReadonlySet<string>
  /** When the newest write was acknowledged, `performance.now()`. */
  readonly lastAckMs: number
  /** Forgets the longest silence so far. */
  resetSilence(): void
  /** The longest time between two acknowledgements, and whether one came behind it already. */
  readonly silenceMs: number
  stop(): Promise<void>
}

/** A steady load that leaves the machine room: what is measured is the cluster, not a full queue. */
const WRITERS = 8
const PAUSE_MS = 8
const CALL_TIMEOUT_MS = 10_000

export function startWriteLoad(client: KvClient): WriteLoad {
  const acknowledged = new Map<string, string>()
  const unknown = new Set<string>()
  let lastAckMs = performance.now()
  let silenceMs = 0
  let running = true

  const writer = async (number: number): Promise<void> => {
    for (let sequence = 0; running; sequence++) {
      const key = `load/${number}/${String(sequence).padStart(7, '0')}`
      const value = `${number}-${sequence}-${'v'.repeat(100)}`
      try {
        await client.put(key, value, { timeoutMs: CALL_TIMEOUT_MS })
        acknowledged.set(key, value)
        const now = performance.now()
        silenceMs = Math.max(silenceMs, now - lastAckMs)
        lastAckMs = now
      } catch (thrown) {
        if (toKvError(thrown).applied === 'unknown') unknown.add(key)
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
  const writers = Array.from({ length: WRITERS }, (_, number) => writer(number))

  return {
    acknowledged,
    unknown,
    get lastAckMs() {
      return lastAckMs
    },
    get silenceMs() {
      return silenceMs
    },
    resetSilence() {
      silenceMs = 0
    },
    async stop() {
      running = false
      await Promise.all(writers)
    },
  }
}
