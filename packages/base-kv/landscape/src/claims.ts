/**
 * Who owns which key, when several claim it. While ranges split and merge, what is known of them is of different moments,
 * so boundaries overlap. Each split and merge raises the high half of `ver` above all its parents, so of two ranges that
 * claim a key the one with the higher high half is newer. Laid over one another, the newest on top, claims become pieces
 * without overlap.
 */
import { type Boundary, compareEnds, compareKeys, compareStarts, contains } from '@base-kv/base'

/** A part of a claim, or all of it, that no newer claim covers. */
export interface Piece<T> {
  readonly boundary: Boundary
  readonly claim: T
}

/** Invariant: sorted by start, without overlap; gaps where nobody claims anything. */
export type Pieces<T> = readonly Piece<T>[]

/** @param claims the newest first */
export function layClaims<T extends { readonly boundary: Boundary }>(claims: Iterable<T>): Piece<T>[] {
  const pieces: Piece<T>[] = []
  for (const claim of claims) layUnder(pieces, claim)
  return pieces
}

/** The piece that holds `key`. */
export function pieceOf<T>(pieces: Pieces<T>, key: Uint8Array): Piece<T> | undefined {
  return pieces[indexOfPiece(pieces, key)]
}

/** Where the piece that holds `key` stands; -1 when there is none. */
export function indexOfPiece(pieces: Pieces<unknown>, key: Uint8Array): number {
  const at = firstEndingBehind(pieces, key)
  const piece = pieces[at]
  return piece !== undefined && contains(piece.boundary, key) ? at : -1
}

/** Adds what `claim` has and no piece holds already. */
function layUnder<T extends { readonly boundary: Boundary }>(pieces: Piece<T>[], claim: T): void {
  let { start } = claim.boundary
  const { end } = claim.boundary
  let at = firstEndingBehind(pieces, start)
  for (; at < pieces.length; at++) {
    const taken = (pieces[at] as Piece<T>).boundary
    if (taken.start !== null && end !== null && compareKeys(taken.start, end) >= 0) break
    if (compareStarts(start, taken.start) < 0) {
      pieces.splice(at, 0, { claim, boundary: { start, end: taken.start } })
      at++
    }
    if (compareEnds(taken.end, end) >= 0) return
    start = taken.end
  }
  pieces.splice(at, 0, { claim, boundary: { start, end } })
}

/** Index of the first piece whose end lies behind `start`. */
function firstEndingBehind(pieces: Pieces<unknown>, start: Uint8Array | null): number {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { end } = (pieces[middle] as Piece<unknown>).boundary
    if (end === null || start === null || compareKeys(end, start) > 0) high = middle
    else low = middle + 1
  }
  return low
}
