/**
 * Splits and merges of a large range and of a small one, in turn: how long the call takes, and how long a put waits
 * meanwhile that would have been refused without the client's patience.
 */
import { type KvClient, openClient } from '@base-kv/client'
import { median } from './statistics.ts'

export interface ReshapeFigures {
  readonly keys: number
  /** Medians; of the puts the longest of each round. */
  readonly splitMs: number
  readonly splitPutMs: number
  readonly mergeMs: number
  readonly mergePutMs: number
  readonly rounds: readonly ReshapeRound[]
}

interface ReshapeRound {
  readonly splitMs: number
  readonly splitPutMs: number
  readonly mergeMs: number
  readonly mergePutMs: number
}

const BATCH = 500
const BATCHES_AT_ONCE = 8
/** Before and behind the call, so that what it leaves behind is seen. */
const AROUND_MS = 300
const PREFIXES = ['b', 's'] as const

/** In turn, so that both see the same machine. */
export async function measureReshape(
  endpoints: readonly string[],
  sizes: readonly [large: number, small: number],
  rounds: number,
  say: (line: string) => void,
): Promise<readonly [ReshapeFigures, ReshapeFigures]> {
  const client = openClient({ endpoints, timeoutMs: 30_000 })
  try {
    // Each prefix is a range of its own.
    for (const prefix of PREFIXES) {
      await client.split({ key: prefix })
      await client.split({ key: String.fromCharCode(prefix.charCodeAt(0) + 1) })
    }
    for (const [at, prefix] of PREFIXES.entries()) {
      say(`writes ${sizes[at]} keys`)
      await fill(client, prefix, sizes[at] ?? 0)
    }
    const measured: [ReshapeRound[], ReshapeRound[]] = [[], []]
    for (let round = 1; round <= rounds; round++) {
      for (const [at, prefix] of PREFIXES.entries()) {
        const result = await reshape(client, prefix)
        measured[at]?.push(result)
        say(
          `${round}/${rounds} ${sizes[at]} keys: split ${result.splitMs.toFixed(1)} ms, longest put ` +
            `${result.splitPutMs.toFixed(1)} ms; merge ${result.mergeMs.toFixed(1)} ms, longest put ${result.mergePutMs.toFixed(1)} ms`,
        )
      }
    }
    return [figures(sizes[0], measured[0]), figures(sizes[1], measured[1])]
  } finally {
    client.close()
  }
}

function figures(keys: number, rounds: readonly ReshapeRound[]): ReshapeFigures {
  const of = (field: keyof ReshapeRound): number => median(rounds.map((round) => round[field]))
  return {
    keys,
    splitMs: of('splitMs'),
    splitPutMs: of('splitPutMs'),
    mergeMs: of('mergeMs'),
    mergePutMs: of('mergePutMs'),
    rounds,
  }
}

const keyOf = (prefix: string, number: number, count: number): string =>
  `${prefix}${Math.floor((number / count) * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0')}`

async function fill(client: KvClient, prefix: string, count: number): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const from = next
      next = Math.min(next + BATCH, count)
      const ops = Array.from({ length: next - from }, (_, i) => ({
        put: { key: keyOf(prefix, from + i, count), value: 'a value of forty bytes, as small ones are' },
      }))
      await client.batch(ops)
    }
  }
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, worker))
}

async function reshape(client: KvClient, prefix: string): Promise<ReshapeRound> {
  const middle = `${prefix}80000000`
  const split = await watched(client, prefix, () => client.split({ key: middle }))
  const { left, rightId } = split.result
  const merge = await watched(client, prefix, () => client.merge({ leftId: left.id ?? '', rightId }))
  return { splitMs: split.tookMs, splitPutMs: split.putMs, mergeMs: merge.tookMs, mergePutMs: merge.putMs }
}

/** With a writer in each half, one put after the other. */
async function watched<T>(client: KvClient, prefix: string, call: () => Promise<T>) {
  let running = true
  let putMs = 0
  const writer = async (key: string): Promise<void> => {
    while (running) {
      const sinceMs = performance.now()
      await client.put(key, 'v')
      putMs = Math.max(putMs, performance.now() - sinceMs)
    }
  }
  const writers = [writer(`${prefix}2`), writer(`${prefix}c`)]
  await pause()
  putMs = 0
  const sinceMs = performance.now()
  const result = await call()
  const tookMs = performance.now() - sinceMs
  await pause()
  running = false
  await Promise.all(writers)
  return { result, tookMs, putMs }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, AROUND_MS))
