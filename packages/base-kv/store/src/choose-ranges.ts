/**
 * Which replicas of a store a description tells of: all, in order of their keys and in pages, or those that hold given
 * keys or have given ids. Whoever looks for the way to a key must not be told of thousands.
 */
import { compareStarts, type RangeId } from '@base-kv/base'
import type { Range } from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'

export interface RangeChoice {
  readonly keys?: readonly Uint8Array[]
  readonly ids?: readonly RangeId[]
  /** A page's last replica; those behind it are meant. */
  readonly after?: RangePlace | null
  readonly limit?: number
}

/** Where a replica stands in the order: by first key, then by id. */
export interface RangePlace {
  readonly start: Uint8Array | null
  readonly id: RangeId
}

export type Chosen = { readonly place: RangePlace } & (
  { readonly range: Range; readonly found: null } | { readonly range: null; readonly found: FoundRange }
)

export interface Replicas {
  readonly ranges: ReadonlyMap<RangeId, Range>
  readonly damaged: ReadonlyMap<RangeId, FoundRange>
  readonly index: { find(key: Uint8Array): Range | undefined }
}

/** @returns those of one page, and whether there are more behind */
export function chooseRanges(
  { ranges, damaged, index }: Replicas,
  { keys = [], ids = [], after = null, limit = Infinity }: RangeChoice,
): { readonly chosen: readonly Chosen[]; readonly more: boolean } {
  if (keys.length > 0 || ids.length > 0) {
    const wanted = new Map<RangeId, Chosen>()
    for (const key of keys) {
      const range = index.find(key)
      if (range) wanted.set(range.id, ofRange(range))
    }
    for (const id of ids) {
      const range = ranges.get(id)
      const found = damaged.get(id)
      if (range) wanted.set(id, ofRange(range))
      else if (found) wanted.set(id, ofFound(found))
    }
    return { chosen: [...wanted.values()].slice(0, limit), more: wanted.size > limit }
  }
  const all = [...[...ranges.values()].map(ofRange), ...[...damaged.values()].map(ofFound)]
  const behind = after ? all.filter(({ place }) => comparePlaces(place, after) > 0) : all
  behind.sort((a, b) => comparePlaces(a.place, b.place))
  return { chosen: behind.slice(0, limit), more: behind.length > limit }
}

const ofRange = (range: Range): Chosen => ({
  place: { start: range.boundary?.start ?? null, id: range.id },
  range,
  found: null,
})

const ofFound = (found: FoundRange): Chosen => ({
  place: { start: found.data?.boundary.start ?? null, id: found.range },
  range: null,
  found,
})

const comparePlaces = (a: RangePlace, b: RangePlace): number =>
  compareStarts(a.start, b.start) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
