/**
 * Where a range's user keys lie: an ordered list of (boundary, slot). One segment for a range that never split or merged;
 * a split cuts the list, a merge joins two, and no pair moves.
 */
import { assert, compareEnds, compareKeys, compareStarts, intersect, type Boundary } from '@base-kv/base'

export interface Segment {
  readonly boundary: Boundary
  readonly slot: number
}

/** Invariant: adjacent, in key order, together exactly the range's boundary. */
export type Segments = readonly Segment[]

/** The slot of a key in the boundary. */
export function slotOf(segments: Segments, key: Uint8Array): number {
  const first = segments[0]
  assert(first !== undefined, 'a range has at least one segment')
  if (segments.length === 1) return first.slot
  for (const { boundary, slot } of segments) {
    if (boundary.end === null || compareKeys(key, boundary.end) < 0) return slot
  }
  return (segments.at(-1) as Segment).slot
}

/** The part of the list inside `boundary`. */
export function clipSegments(segments: Segments, boundary: Boundary): Segment[] {
  return segments.flatMap(({ boundary: own, slot }) => {
    const common = intersect(own, boundary)
    return common === undefined ? [] : [{ boundary: common, slot }]
  })
}

export function checkSegments(segments: Segments, boundary: Boundary): void {
  let at = boundary.start
  for (const segment of segments) {
    assert(compareStarts(segment.boundary.start, at) === 0, 'segments are adjacent')
    at = segment.boundary.end
  }
  assert(segments.length > 0 && compareEnds(at, boundary.end) === 0, 'segments fill the boundary')
}
