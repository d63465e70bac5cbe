/**
 * How large the ranges of a store are, roughly. Asking LevelDB costs a look at its tables, so it is done only when somebody
 * wants to know, for those ranges in which something was applied since, one after the other beside everything else, and
 * for each at most once in a while.
 *
 * LevelDB's own figure leaves out what it still has in memory, which is all of a small range. So the first pairs are read
 * too: when they are all, that is the exact answer, else they tell the size of a pair, and so how many there are.
 */
import { type Clock, KvError, type LogIndex, type RangeId, type Timers } from '@base-kv/base'
import type { RangeStatistics } from '@base-kv/landscape'
import type { RangeData, Storage } from '@base-kv/storage'

const AGE_MIN_MS = 2_000
const SAMPLE = { start: null, end: null, pageBytes: 16 * 1024, pagePairs: 200 }

type Size = Required<Pick<RangeStatistics, 'dataSize' | 'keys'>>

interface Measured {
  readonly applied: LogIndex
  readonly atMs: number
  readonly size: Size
}

export class RangeSizes {
  readonly #deps: { readonly storage: Storage; readonly clock: Clock; readonly timers: Timers }
  #measured = new Map<RangeId, Measured>()
  #underWay: Promise<void> | null = null
  #closed = false

  constructor(deps: { readonly storage: Storage; readonly clock: Clock; readonly timers: Timers }) {
    this.#deps = deps
  }

  /** Empty for a range that was not measured yet. */
  of(range: RangeId): Partial<Size> {
    return this.#measured.get(range)?.size ?? {}
  }

  /** Resolves when all are measured, or after `patienceMs`; it goes on then. */
  async measure(ranges: readonly RangeId[], patienceMs: number): Promise<void> {
    this.#underWay ??= this.#run(ranges).finally(() => {
      this.#underWay = null
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.timers.after(patienceMs, resolve)
    await Promise.race([this.#underWay, promise])
    cancel()
  }

  /** Resolves when the storage is not used any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#underWay
  }

  async #run(ranges: readonly RangeId[]): Promise<void> {
    const { storage, clock } = this.#deps
    const here = new Set(ranges)
    for (const gone of this.#measured.keys()) if (!here.has(gone)) this.#measured.delete(gone)
    for (const id of ranges) {
      if (this.#closed) return
      if (!storage.data.has(id)) continue
      const data = storage.data.range(id)
      const { applied } = data.record
      const before = this.#measured.get(id)
      if (before && (before.applied === applied.index || clock.monotonicMs() - before.atMs < AGE_MIN_MS)) continue
      try {
        const size = await measureOne(data)
        this.#measured.set(id, { applied: applied.index, atMs: clock.monotonicMs(), size })
      } catch (thrown) {
        // Whoever needs the damaged bytes says so.
        if (!(thrown instanceof KvError)) throw thrown
      }
    }
  }
}

async function measureOne(data: RangeData): Promise<Size> {
  await using view = data.readView()
  await using iterator = view.scan('user', SAMPLE)
  let keys = 0
  let bytes = 0
  let page = await iterator.next()
  // Pages end where segments do: a second one is there if the first one was all of its segment.
  for (let pages = 0; page.length > 0 && pages < 2; pages++) {
    for (const [key, value] of page) bytes += key.length + value.length
    keys += page.length
    page = await iterator.next()
  }
  if (page.length === 0) return { dataSize: bytes, keys }
  const dataSize = Math.max(bytes, await data.approximateBytes())
  return { dataSize, keys: Math.round((dataSize / bytes) * keys) }
}
