/** A process of its own: puts through the client library, so many under way, each to a key of its own. Prints one JSON line. */
import { openClient } from '@base-kv/client'
import { keyAt, VALUE_BYTES } from './call-body.ts'
import { percentile } from './statistics.ts'

export interface ClientLoadOptions {
  readonly endpoints: readonly string[]
  readonly inFlight: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly mark: string
  /** base64 */
  readonly value: string
}

export interface ClientLoadResult {
  readonly acknowledged: number
  readonly failed: number
  readonly firstFailure: string
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU time of this process in that time. */
  readonly cpuSeconds: number
  /** Acknowledged puts: keys 0 up to here. */
  readonly keys: number
}

const READ_BACK = 200

async function run(options: ClientLoadOptions): Promise<ClientLoadResult> {
  const value = Buffer.from(options.value, 'base64')
  const client = openClient({ endpoints: options.endpoints, timeoutMs: 5_000 })
  const latencies: number[] = []
  let next = 0
  let acknowledged = 0
  let failed = 0
  let firstFailure = ''
  let measuring = false
  const startMs = performance.now()
  const measureMs = startMs + options.warmUpSeconds * 1_000
  const endMs = measureMs + options.seconds * 1_000

  const worker = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endMs;) {
      const key = keyAt(options.mark, next++)
      try {
        await client.put(key, value)
        const doneMs = performance.now()
        if (measuring && doneMs < endMs) {
          acknowledged++
          if ((acknowledged & 7) === 0) latencies.push(doneMs - nowMs)
        }
        nowMs = doneMs
      } catch (thrown) {
        failed++
        firstFailure ||= (thrown as Error).message
        if (failed > 100) return
        nowMs = performance.now()
      }
    }
  }

  let cpu = process.cpuUsage()
  setTimeout(() => {
    measuring = true
    cpu = process.cpuUsage()
  }, measureMs - startMs)
  await Promise.all(Array.from({ length: options.inFlight }, worker))
  const used = process.cpuUsage(cpu)

  const step = Math.max(1, Math.floor(next / READ_BACK))
  for (let number = 0; number < next && failed === 0; number += step) {
    const found = await client.get(keyAt(options.mark, number))
    if (found === undefined || !value.equals(found)) {
      failed++
      firstFailure = `put number ${number} was acknowledged and cannot be read back`
    }
  }
  client.close()
  return {
    acknowledged,
    failed,
    firstFailure,
    seconds: options.seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuSeconds: (used.user + used.system) / 1e6,
    keys: next,
  }
}

const options = JSON.parse(process.argv[2] ?? '') as ClientLoadOptions
if (Buffer.from(options.value, 'base64').length !== VALUE_BYTES) throw new TypeError(`a value has ${VALUE_BYTES} bytes`)
process.stdout.write(`${JSON.stringify(await run(options))}\n`)
