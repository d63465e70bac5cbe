/**
 * What splits mean to a store: a right half begins here in the turn in which the left one is cut, unless it is here
 * already or must not be. docs/internals/split.md tells all orders.
 */
import { compareKeys, compareStarts, covers, type Log, type RangeId } from '@base-kv/base'
import type { Range } from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'
import type { Replicas } from './replicas.ts'

export interface HalvesHost {
  readonly log: Log
  schedule(range: Range): void
}

export class Halves {
  readonly #replicas: Replicas
  readonly #host: HalvesHost
  // By the right half that they wait for: left ranges with a split to apply.
  readonly #parked = new Map<RangeId, Range>()

  constructor(replicas: Replicas, host: HalvesHost) {
    this.#replicas = replicas
    this.#host = host
  }

  /** A replica of the right half that comes, goes or fetches a snapshot just now is waited for, and fetches no more. */
  roomFor(left: Range, right: RangeId): boolean {
    const there = this.#replicas.ranges.get(right)
    const isFetching = there?.boundary === null && there.isPulling
    if (!isFetching && !this.#replicas.isInTransition(right)) return true
    this.#parked.set(right, left)
    there?.giveUpPull('the left range has come to its split')
    return false
  }

  /** Something has happened to that replica: whoever waits for it looks again. */
  stirred(right: RangeId): void {
    const left = this.#parked.get(right)
    if (!left) return
    this.#parked.delete(right)
    if (this.#replicas.ranges.get(left.id) === left) this.#host.schedule(left)
  }

  split(left: Range, right: RangeId, half: FoundRange | null): void {
    const { ranges, index } = this.#replicas
    this.#host.log.info('split', { range: left.id, right, version: left.ver.high, here: half !== null })
    if (!half) {
      index.changed()
      return
    }
    // All that such a one was is its vote, which the half keeps. It fetches nothing: that was seen to.
    const voter = ranges.get(right)
    if (voter) this.#replicas.drop(voter, 'it has become the right half of a split')
    const range = this.#replicas.open(half)
    index.split(left, range)
    // Nobody else stands so soon: writes to the right half wait for this election.
    if (left.isLeader) range.campaign()
  }

  /**
   * A snapshot has come: what it covers and is older here was absorbed meanwhile. Such a group has ended for good, since
   * each key belongs to ever newer ranges.
   */
  moved(range: Range): void {
    const { ranges, index } = this.#replicas
    index.changed()
    const { boundary, ver } = range
    if (!boundary) return
    for (const other of [...ranges.values()]) {
      if (other === range || !other.boundary || other.ver.high >= ver.high) continue
      if (covers(boundary, other.boundary)) this.#replicas.destroy(other)
    }
  }
  /** At the start, for all: in order of their first keys, so that thousands that do not overlap cost nothing. */
  movedAll(): void {
    this.#replicas.index.changed()
    const sorted = [...this.#replicas.ranges.values()].flatMap((range) => {
      const { boundary, ver } = range
      return boundary ? [{ range, boundary, high: ver.high }] : []
    })
    sorted.sort((a, b) => compareStarts(a.boundary.start, b.boundary.start))
    for (const [at, one] of sorted.entries()) {
      for (let next = at + 1; next < sorted.length; next++) {
        const other = sorted[next] as (typeof sorted)[number]
        const { start } = other.boundary
        if (one.boundary.end !== null && start !== null && compareKeys(start, one.boundary.end) >= 0) break
        if (other.high < one.high && covers(one.boundary, other.boundary)) this.#replicas.destroy(other.range)
        if (one.high < other.high && covers(other.boundary, one.boundary)) this.#replicas.destroy(one.range)
      }
    }
  }
}
