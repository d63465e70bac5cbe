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
  assert(segments.length > 0, 'a range has at least one segment')
  let low = 0
  for (let high = segments.length - 1; low < high;) {
    const middle = (low + high) >> 1
    const { end } = (segments[middle] as Segment).boundary
    if (end === null || compareKeys(key, end) < 0) high = middle
    else low = middle + 1
  }
  return (segments[low] as Segment).slot
}

/** The part of the list inside `boundary`. */
export function clipSegments(segments: Segments, boundary: Boundary): Segment[] {
  return segments.flatMap(({ boundary: own, slot }) => {
    const common = intersect(own, boundary)
    return common === undefined ? [] : [{ boundary: common, slot }]
  })
}

/** The list with another slot for the keys of `slice`, which lies inside. */
export function replaceSlice(segments: Segments, slice: Segment): Segment[] {
  const { start, end } = slice.boundary
  const before = start === null ? [] : clipSegments(segments, { start: null, end: start })
  const behind = end === null ? [] : clipSegments(segments, { start: end, end: null })
  return joinSegments(before, [slice], behind)
}

/** One list behind the other; neighbours in one slot become one segment. */
export function joinSegments(...lists: readonly Segments[]): Segment[] {
  const joined: Segment[] = []
  for (const segment of lists.flat()) {
    const before = joined.at(-1)
    if (before?.slot !== segment.slot) joined.push(segment)
    else
      joined[joined.length - 1] = {
        slot: before.slot,
        boundary: { start: before.boundary.start, end: segment.boundary.end },
      }
  }
  return joined
}

export function checkSegments(segments: Segments, boundary: Boundary): void {
  let at = boundary.start
  for (const segment of segments) {
    assert(compareStarts(segment.boundary.start, at) === 0, 'segments are adjacent')
    at = segment.boundary.end
  }
  assert(segments.length > 0 && compareEnds(at, boundary.end) === 0, 'segments fill the boundary')
}
