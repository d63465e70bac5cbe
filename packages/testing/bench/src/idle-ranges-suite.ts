/** Many ranges in which nothing happens: how long three nodes need to start with them, and what they cost then. */
import { KvError, toKvError } from '@base-kv/base'
import { type KvClient, openClient } from '@base-kv/client'
import type { OurSystem } from './our-cluster.ts'
import { measureRest, type RestRow } from './rest-suite.ts'
import { until } from './until.ts'

export interface IdleRangesFigures {
  readonly ranges: number
  /** How long it took to make them, one by one. */
  readonly madeMs: number
  /** From the start of three processes on their data until each range has a leader. */
  readonly startMs: number
  readonly rows: readonly RestRow[]
  /** Asking for all of them once. */
  readonly describeMs: number
  /** The first put of a client that knows nothing. */
  readonly firstPutMs: number
}

const SPLITS_AT_ONCE = 16
const START_WITHIN_MS = 300_000
const REST_SECONDS = 20

export async function measureIdleRanges(
  ours: OurSystem,
  ranges: number,
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<{ readonly figures: IdleRangesFigures; readonly system: OurSystem }> {
  const sinceMs = performance.now()
  const client = openClient({ endpoints: ours.endpoints, timeoutMs: 60_000 })
  try {
    await halve(evenKeys(ranges), (key) => splitAt(client, key))
  } finally {
    client.close()
  }
  const madeMs = performance.now() - sinceMs
  say(`made ${ranges} ranges in ${(madeMs / 1_000).toFixed(1)} s`)
  await ours.close()
  for (const { pid } of ours.nodes) process.kill(pid, 'SIGTERM')
  await until('the nodes end', 60_000, async () => (ours.nodes.every(({ pid }) => !runs(pid)) ? true : undefined))
  const startedMs = performance.now()
  const system = ours.startAgain()
  await withClient(system, (fresh) => allLed(fresh, ranges, system))
  const startMs = performance.now() - startedMs
  say(`started with ${ranges} ranges in ${(startMs / 1_000).toFixed(1)} s`)
  const rows = await measureRest([system], REST_SECONDS, signal)
  const describeMs = await withClient(system, (fresh) => timed(() => fresh.describe({ timeoutMs: 60_000 })))
  const firstPutMs = await withClient(system, (fresh) => timed(() => fresh.put('first', 'put')))
  return { figures: { ranges, madeMs, startMs, rows, describeMs, firstPutMs }, system }
}

/** Again when what became of it is unknown: a key that is a boundary already is refused. */
async function splitAt(client: KvClient, key: Uint8Array): Promise<void> {
  try {
    await client.split({ key })
  } catch (thrown) {
    const { code } = toKvError(thrown)
    if (code === 'OutcomeUnknown') return splitAt(client, key)
    if (code !== 'BadRequest') throw thrown
  }
}

async function withClient<T>(system: OurSystem, work: (client: KvClient) => Promise<T>): Promise<T> {
  const client = openClient({ endpoints: system.endpoints, timeoutMs: 60_000 })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const sinceMs = performance.now()
  await work()
  return performance.now() - sinceMs
}

const allLed = (client: KvClient, count: number, system: OurSystem): Promise<true> =>
  until('a leader of each range', START_WITHIN_MS, async () => {
    for (const node of system.nodes) node.check()
    const { nodes, ranges } = await client.describe({ timeoutMs: 30_000 })
    if (nodes.some(({ store }) => !store)) return undefined
    if (ranges.length !== count) throw new KvError('TryLater', `${ranges.length} ranges`)
    return ranges.every(({ leader }) => leader !== '') ? true : undefined
  })

function evenKeys(ranges: number): Uint8Array[] {
  return Array.from({ length: ranges - 1 }, (_, i) => {
    const key = Buffer.alloc(3)
    key.writeUIntBE(Math.floor(((i + 1) * 2 ** 24) / ranges), 0, 3)
    return key
  })
}

/** The middle one first, then both sides at once: each split cuts another range. */
async function halve(keys: readonly Uint8Array[], work: (key: Uint8Array) => Promise<void>): Promise<void> {
  let wave: (readonly Uint8Array[])[] = [keys]
  while (wave.length > 0) {
    const now = wave.filter((part) => part.length > 0)
    for (let at = 0; at < now.length; at += SPLITS_AT_ONCE) {
      await Promise.all(
        now.slice(at, at + SPLITS_AT_ONCE).map((part) => work(part[part.length >> 1] ?? new Uint8Array(0))),
      )
    }
    wave = now.flatMap((part) => [part.slice(0, part.length >> 1), part.slice((part.length >> 1) + 1)])
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
