/**
 * Keys are byte strings in lexicographic order; a boundary is a half-open interval of them. `null` as start or end means
 * open: before the first key, after the last one.
 */

export interface Boundary {
  readonly start: Uint8Array | null
  readonly end: Uint8Array | null
}

export const wholeKeySpace: Boundary = { start: null, end: null }

/** <0, 0 or >0, unsigned bytes, a prefix before what it is a prefix of. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareKeys(a, b) === 0
}

export function compareStarts(a: Uint8Array | null, b: Uint8Array | null): number {
  if (a === null) return b === null ? 0 : -1
  return b === null ? 1 : compareKeys(a, b)
}

export function compareEnds(a: Uint8Array | null, b: Uint8Array | null): number {
  if (a === null) return b === null ? 0 : 1
  return b === null ? -1 : compareKeys(a, b)
}

export function contains(boundary: Boundary, key: Uint8Array): boolean {
  return (
    (boundary.start === null || compareKeys(boundary.start, key) <= 0) &&
    (boundary.end === null || compareKeys(key, boundary.end) < 0)
  )
}

/** Whether every key of `inner` lies in `outer`. */
export function covers(outer: Boundary, inner: Boundary): boolean {
  return compareStarts(outer.start, inner.start) <= 0 && compareEnds(inner.end, outer.end) <= 0
}

/** The common part, or undefined when there is none. */
export function intersect(a: Boundary, b: Boundary): Boundary | undefined {
  const start = compareStarts(a.start, b.start) >= 0 ? a.start : b.start
  const end = compareEnds(a.end, b.end) <= 0 ? a.end : b.end
  if (start !== null && end !== null && compareKeys(start, end) >= 0) return undefined
  return { start, end }
}

export function sameBoundary(a: Boundary, b: Boundary): boolean {
  return compareStarts(a.start, b.start) === 0 && compareEnds(a.end, b.end) === 0
}

/** The first key behind all keys that begin with `prefix`; null when there is none (all bytes 0xff, or empty). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | null {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number
    if (byte < 0xff) {
      const end = prefix.slice(0, i + 1)
      end[i] = byte + 1
      return end
    }
  }
  return null
}
