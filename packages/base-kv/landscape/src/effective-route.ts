/**
 * Who leads which part of the key space, as it follows from what all stores say of themselves. Every balancer starts
 * here, so it is the same on every node that sees the same landscape.
 *
 * Stores tell of different moments. Of two that say they lead one range, the one of the higher Raft term does; of two
 * ranges that claim a key, the one with the higher high half of `ver` (each split and merge raises it above all parents).
 */
import { type Boundary, parseRangeId, type RangeId } from '@base-kv/base'
import { layClaims } from './claims.ts'
import type { RangeDescriptor, RangeState, StoreDescriptor } from './descriptors.ts'
import type { Landscape } from './landscape.ts'

export interface RouteEntry {
  /** What no newer range claims of the range's own boundary. */
  readonly boundary: Boundary
  /** Who leads. */
  readonly store: StoreDescriptor
  readonly range: RangeDescriptor
}

/** Invariant: sorted by start, without overlap; gaps where nobody is known to lead. */
export type EffectiveRoute = readonly RouteEntry[]

const SERVING: ReadonlySet<RangeState> = new Set(['Normal', 'ConfigChanging', 'PreparedMerging', 'WaitingForMerge'])

export function effectiveRoute(landscape: Landscape): EffectiveRoute {
  const epoch = effectiveEpoch(landscape)
  const newest = new Map<RangeId, RouteEntry>()
  for (const store of landscape.stores) {
    for (const range of store.ranges) {
      if (range.role !== 'Leader' || range.damage !== '' || !SERVING.has(range.state)) continue
      if (epochOf(range.id) !== epoch) continue
      const entry = { boundary: range.boundary, store, range }
      const known = newest.get(range.id)
      if (known === undefined || compareEntries(entry, known) < 0) newest.set(range.id, entry)
    }
  }
  return layClaims([...newest.values()].sort(compareEntries)).map(({ boundary, claim }) => ({ ...claim, boundary }))
}

/** The oldest epoch that anybody holds a range of: a cluster has one, and a second one is never confirmed. */
export function effectiveEpoch(landscape: Landscape): bigint | null {
  let oldest: bigint | null = null
  for (const { ranges } of landscape.stores) {
    for (const { id } of ranges) {
      const epoch = epochOf(id)
      if (oldest === null || epoch < oldest) oldest = epoch
    }
  }
  return oldest
}

/** Whether every key has a leader, and every leader all of its range. */
export function isWhole(route: EffectiveRoute): boolean {
  let end: Uint8Array | null | undefined
  for (const { boundary, range } of route) {
    const follows = end === undefined ? boundary.start === null : sameEdge(end, boundary.start)
    if (!follows || !sameEdge(boundary.start, range.boundary.start) || !sameEdge(boundary.end, range.boundary.end)) {
      return false
    }
    end = boundary.end
  }
  return end === null
}

/** <0 when `a` is newer. */
const compareEntries = (a: RouteEntry, b: RouteEntry): number =>
  b.range.ver.high - a.range.ver.high ||
  b.range.term - a.range.term ||
  b.range.ver.low - a.range.ver.low ||
  (a.range.id < b.range.id ? -1 : a.range.id > b.range.id ? 1 : 0) ||
  (a.store.id < b.store.id ? -1 : 1)

const epochOf = (range: RangeId): bigint => parseRangeId(range)?.epoch ?? 0n

/** An open end is followed by nothing. */
const sameEdge = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : a.length === b.length && a.every((byte, i) => byte === b[i])
