/**
 * A scan goes from range to range, in pages. What breaks in the middle is taken up again behind the last key that came:
 * each page is read at one moment, the whole scan is not, so going on elsewhere changes nothing of what it promises.
 */
import { compareEnds, compareKeys, KvError, prefixEnd, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { Bytes, ReadOptions } from './options.ts'
import { ownBytes, toBytes, toWireConsistency } from './request.ts'
import type { Router } from './router.ts'
import { CallAlarm } from './wheel.ts'

export interface ScanRange {
  /** Inclusive; absent: from the first key. */
  readonly start?: Bytes
  /** Exclusive; absent: to the last key. */
  readonly end?: Bytes
  /** Only keys that begin so; within `start` and `end` if those are given too. */
  readonly prefix?: Bytes
  readonly limit?: number
  /** Leaves the values out: they come empty. */
  readonly keysOnly?: boolean
}

export interface KeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

interface Interval {
  /** Null: from the first key. */
  start: Uint8Array | null
  /** Null: to the last key. */
  readonly end: Uint8Array | null
}

/** Pages of items in key order, none empty. */
export async function* scanPages(
  router: Router,
  range: ScanRange,
  options: Required<ReadOptions>,
): AsyncGenerator<KeyValue[], void, undefined> {
  const rest = intervalOf(range)
  const limit = limitOf(range)
  const consistency = toWireConsistency(options.consistency)
  const isStale = options.consistency === 'stale'
  let left = limit
  let pageSinceMs = router.nowMs
  for (;;) {
    if (rest.start !== null && rest.end !== null && compareKeys(rest.start, rest.end) >= 0) return
    const leftMs = pageSinceMs + options.timeoutMs - router.nowMs
    const node = await router.reach(rest.start, isStale, Math.max(leftMs, 0))
    const rangeEnd = router.routeOf(rest.start)?.boundary.end ?? null
    const end = compareEnds(rangeEnd, rest.end) < 0 ? rangeEnd : rest.end
    const request = v1.ScanRequest.encode({
      ...(rest.start !== null && { start: rest.start }),
      ...(end !== null && { end }),
      ...(left !== Infinity && { limit: left }),
      keysOnly: range.keysOnly ?? false,
      consistency,
    }).finish()
    const stop = new AbortController()
    const pages = node.serverStream('/basekv.v1.KV/Scan', request, stop.signal)[Symbol.asyncIterator]()
    try {
      for (;;) {
        const page = await nextPage(router, pages, stop, pageSinceMs + options.timeoutMs - router.nowMs)
        if (page === undefined) break
        const last = page.at(-1)
        if (last === undefined) continue
        left -= page.length
        rest.start = successor(last.key)
        yield page
        // The time that the reader takes is its own.
        pageSinceMs = router.nowMs
      }
      if (left <= 0 || end === null || (rest.end !== null && compareKeys(end, rest.end) >= 0)) return
      rest.start = end
      pageSinceMs = router.nowMs
    } catch (thrown) {
      await router.pauseAfter(toKvError(thrown), pageSinceMs, options.timeoutMs)
    } finally {
      stop.abort()
    }
  }
}

async function nextPage(
  router: Router,
  pages: AsyncIterator<Buffer>,
  stop: AbortController,
  timeoutMs: number,
): Promise<KeyValue[] | undefined> {
  let isLate = false
  const alarm = new CallAlarm(() => {
    isLate = true
    stop.abort()
  })
  router.wheel.set(alarm, Math.max(timeoutMs, 0))
  try {
    const { done, value } = await pages.next()
    if (done) return undefined
    return v1.ScanPage.decode(value).items.map((item) => ({
      key: ownBytes(item.key ?? new Uint8Array()),
      value: ownBytes(item.value ?? new Uint8Array()),
    }))
  } catch (thrown) {
    if (!isLate) throw thrown
    throw new KvError('DeadlineExceeded', 'no page of the scan came in time', { hint: 'allow more time a page' })
  } finally {
    router.wheel.cancel(alarm)
  }
}

function intervalOf({ start, end, prefix }: ScanRange): Interval {
  const interval: Interval = {
    start: start === undefined ? null : ownBytes(toBytes(start)),
    end: end === undefined ? null : ownBytes(toBytes(end)),
  }
  if (prefix === undefined) return interval
  const first = ownBytes(toBytes(prefix))
  const behind = prefixEnd(first)
  return {
    start: interval.start !== null && compareKeys(interval.start, first) > 0 ? interval.start : first,
    end: compareEnds(interval.end, behind) < 0 ? interval.end : behind,
  }
}

function limitOf({ limit }: ScanRange): number {
  if (limit === undefined) return Infinity
  if (Number.isInteger(limit) && limit >= 1 && limit <= 0xffff_ffff) return limit
  throw new KvError('BadRequest', `a limit of ${limit}`, { hint: 'give a whole number from 1 to 2^32 - 1' })
}

/** The first key behind `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
