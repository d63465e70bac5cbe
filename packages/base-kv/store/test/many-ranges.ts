/** What tests do with a cluster of many ranges: find the leader of a key, split, load, and look at all of it. */
import { compareEnds, compareStarts, type KvError, KvError as Failure, type RangeId } from '@base-kv/base'
import { KvCommand, KvQuery } from '@base-kv/kv-store'
import type { RangeVersion } from '@base-kv/landscape'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import { commands, type TestCluster, type TestNode, text, until } from './cluster.ts'

const bytes = (key: string): Uint8Array => Buffer.from(key)

/** The replica at that node which holds the key. */
export const rangeAt = (node: TestNode, key: string): Range | undefined =>
  node.up ? node.store.rangeOf(bytes(key)) : undefined

export function leaderOf(cluster: TestCluster, key: string): Promise<{ node: TestNode; range: Range }> {
  return until(() => {
    const leaders = cluster.running.flatMap((node) => {
      const range = rangeAt(node, key)
      return range?.isLeader && range.confirmed ? [{ node, range }] : []
    })
    // A deposed one may not know it yet.
    leaders.sort((a, b) => b.range.ver.high - a.range.ver.high || b.range.describe().term - a.range.describe().term)
    return leaders[0]
  }, `a leader of ${key}`)
}

/** The range that holds `key` is led there in the end. */
export async function lead(cluster: TestCluster, key: string, target: TestNode): Promise<void> {
  await until(async () => {
    const { node, range } = await leaderOf(cluster, key)
    if (node === target) return true
    try {
      range.transferLeader(target.id)
    } catch (thrown) {
      // Not caught up yet, or under way.
      if (!(thrown instanceof Failure)) throw thrown
    }
    return false
  }, `the leader of ${key} is moved`)
}

/** Splits the range that holds `key` there. @returns the right half's id */
export function splitAt(cluster: TestCluster, key: string): Promise<RangeId> {
  return until(async () => {
    const { range } = await leaderOf(cluster, key)
    try {
      return await range.split(bytes(key))
    } catch (thrown) {
      // A new leader may not have applied yet what the one before it did.
      if (thrown instanceof Failure && (thrown.code === 'TryLater' || thrown.code === 'BadVersion')) return undefined
      throw thrown
    }
  }, `the split at ${key}`)
}

/** Merges the range that begins with `key` into the one before it, however often that takes. */
export function mergeAt(cluster: TestCluster, key: string, patienceMs = 20_000): Promise<RangeVersion> {
  return until(
    async () => {
      const right = (await leaderOf(cluster, key)).range
      if (compareStarts(right.boundary?.start ?? null, bytes(key)) !== 0) return right.ver
      const left = leaderBefore(cluster, bytes(key))
      try {
        return left && (await left.node.store.merge(left.range, right.id))
      } catch (thrown) {
        if (thrown instanceof Failure && PASSING.has(thrown.code)) return undefined
        throw thrown
      }
    },
    `the merge at ${key}`,
    patienceMs,
  )
}

/** Another leader does not know yet, or goes on with it. */
const PASSING: ReadonlySet<string> = new Set(['TryLater', 'BadVersion', 'OutcomeUnknown'])

/** Who leads the range that ends there. */
export function leaderBefore(
  cluster: TestCluster,
  end: Uint8Array | null,
): { node: TestNode; range: Range } | undefined {
  const leaders = cluster.running.flatMap((node) =>
    [...node.store.ranges]
      .filter(({ boundary, isLeader }) => isLeader && boundary && compareEnds(boundary.end, end) === 0)
      .map((range) => ({ node, range })),
  )
  leaders.sort((a, b) => b.range.ver.high - a.range.ver.high || b.range.describe().term - a.range.describe().term)
  return leaders[0]
}

async function writeKey(cluster: TestCluster, key: string, value: string): Promise<KvError | null> {
  const { range } = await leaderOf(cluster, key)
  return new Promise((resolve) => range.propose(KvCommand.put, commands.put(key, value), (error) => resolve(error)))
}

/** Again and again while it certainly was not applied. @returns whether it was acknowledged; else its outcome is unknown */
export async function put(cluster: TestCluster, key: string, value: string): Promise<boolean> {
  const error = await until(async () => {
    const refusal = await writeKey(cluster, key, value)
    return refusal?.applied === 'no' ? undefined : { refusal }
  }, `put ${key}`)
  return error.refusal === null
}

async function get(cluster: TestCluster, key: string): Promise<string | undefined> {
  const found = await until(async () => {
    const { range } = await leaderOf(cluster, key)
    try {
      await new Promise<void>((resolve, reject) => {
        range.read('linearizable', (error) => (error ? reject(error) : resolve()))
      })
      const reply = await range.query(KvQuery.get, v1.GetRequest.encode({ key: bytes(key) }).finish())
      return { value: text(v1.GetReply.decode(reply).value) }
    } catch (thrown) {
      if (thrown instanceof Failure && (thrown.code === 'TryLater' || thrown.code === 'BadVersion')) return undefined
      throw thrown
    }
  }, `get ${key}`)
  return found.value
}

/** Start keys of all ranges that this node holds, with data. */
export function starts(node: TestNode): string[] {
  const found = [...node.store.ranges].flatMap(({ boundary }) => (boundary ? [boundary.start] : []))
  return found.sort(compareStarts).map((start) => (start === null ? '' : Buffer.from(start).toString()))
}

/** Everything that a node has applied of one range, `key=value`. */
async function dumpRange(node: TestNode, id: RangeId): Promise<string[]> {
  const found: string[] = []
  await using view = node.storage.data.range(id).readView()
  await using iterator = view.scan('user', { start: null, end: null })
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
    for (const [key, value] of page) found.push(`${text(key)}=${text(value)}`)
  }
  return found
}

/**
 * Every node holds the same ranges, without gap or overlap, and the same pairs in each. @returns all pairs, in order
 */
export async function whole(cluster: TestCluster): Promise<string[]> {
  const nodes = cluster.running
  const shape = await until(
    () => {
      const shapes = nodes.map((node) => {
        const ranges = node.store.describe().ranges
        const ends = ranges.map(({ boundary }) => [boundary.start, boundary.end])
        const isWhole = ends.every(
          ([start], i) => compareStarts(start ?? null, i === 0 ? null : (ends[i - 1]![1] ?? null)) === 0,
        )
        if (!isWhole || ends.at(-1)?.[1] !== null) return undefined
        return ranges.map(({ id, ver, lastIndex }) => ({ id, high: ver.high, lastIndex }))
      })
      const [first] = shapes
      const same = shapes.every((one) => one && JSON.stringify(one) === JSON.stringify(first))
      const applied = nodes.every((node) =>
        node.store
          .describe()
          .ranges.every(({ applied, lastIndex, leader }) => applied === lastIndex && leader !== null),
      )
      return same && applied ? first : undefined
    },
    'all nodes hold the same ranges over all keys, with everything applied',
    20_000,
  )
  const all: string[] = []
  for (const { id } of shape) {
    const expected = await dumpRange(nodes[0]!, id)
    for (const node of nodes.slice(1)) {
      const found = await dumpRange(node, id)
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${node.name} has other pairs of ${id}: ${found.length}, not ${expected.length}`)
      }
    }
    all.push(...expected)
  }
  return all
}

/**
 * Each key has one writer, which writes rising numbers, and one reader. What is linearizable then: a read sees no number
 * below the last one acknowledged before it began, none above the last one begun before it ended, and never goes back.
 */
export class KeyLoad {
  readonly #cluster: TestCluster
  readonly #keys: readonly string[]
  readonly #acknowledged = new Map<string, number>()
  readonly #begun = new Map<string, number>()
  #stopped = false
  readonly #running: Promise<void>[]
  writes = 0
  unknown = 0
  reads = 0
  /** The longest that one write took, retries and all. */
  slowestWriteMs = 0

  constructor(cluster: TestCluster, keys: readonly string[]) {
    this.#cluster = cluster
    this.#keys = keys
    this.#running = keys.flatMap((key) => [this.#write(key), this.#read(key)])
    for (const one of this.#running) one.catch(() => {})
  }

  /** Ends the load and reads everything back. @throws when anything was wrong */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
    for (const key of this.#keys) this.#check(key, this.#acknowledged.get(key) ?? 0, await get(this.#cluster, key))
  }

  async #write(key: string): Promise<void> {
    for (let value = 1; !this.#stopped; value++) {
      this.#begun.set(key, value)
      const sinceMs = performance.now()
      if (await put(this.#cluster, key, String(value))) {
        this.#acknowledged.set(key, value)
        this.writes++
      } else this.unknown++
      this.slowestWriteMs = Math.max(this.slowestWriteMs, performance.now() - sinceMs)
    }
  }

  async #read(key: string): Promise<void> {
    let seen = 0
    while (!this.#stopped) {
      const atLeast = Math.max(seen, this.#acknowledged.get(key) ?? 0)
      seen = this.#check(key, atLeast, await get(this.#cluster, key))
      this.reads++
    }
  }

  #check(key: string, atLeast: number, found: string | undefined): number {
    const value = Number(found ?? 0)
    if (value >= atLeast && value <= (this.#begun.get(key) ?? 0)) return value
    throw new Error(`${key} is ${value}, after ${atLeast} was acknowledged or read`)
  }
}
