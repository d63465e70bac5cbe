/** Which range here holds a key: of several that claim it the one with the higher high half of `ver`. */
import { type Boundary, compareEnds, compareStarts, type RangeId } from '@base-kv/base'
import { indexOfPiece, layClaims, type Piece, pieceOf } from '@base-kv/landscape'
import type { Range } from '@base-kv/range'

interface Claim {
  readonly range: Range
  readonly high: number
  readonly boundary: Boundary
}

export class RangeIndex {
  readonly #ranges: () => Iterable<Range>
  // null: something has changed since.
  #pieces: Piece<Claim>[] | null = null

  constructor(ranges: () => Iterable<Range>) {
    this.#ranges = ranges
  }

  /** A range has come or gone, or has another boundary. */
  changed(): void {
    this.#pieces = null
  }

  /** One of them was cut in two: not worth to lay thousands anew. */
  split(left: Range, right: Range): void {
    const halves = [claimOf(left), claimOf(right)]
    const [first, second] = halves
    const key = right.boundary?.start
    if (!this.#pieces || !first || !second || !key) return this.changed()
    const at = indexOfPiece(this.#pieces, key)
    const whole = this.#pieces[at]
    // What was laid over others shows in parts.
    const isWhole =
      whole?.claim.range === left &&
      compareStarts(whole.boundary.start, first.boundary.start) === 0 &&
      compareEnds(whole.boundary.end, second.boundary.end) === 0
    if (!isWhole) return this.changed()
    this.#pieces.splice(at, 1, piece(first), piece(second))
  }

  /** One of them has taken its neighbour over, as cheap. */
  merged(left: Range, right: RangeId): void {
    const claim = claimOf(left)
    if (!this.#pieces || !claim) return this.changed()
    const { start, end } = claim.boundary
    const at = start === null ? 0 : indexOfPiece(this.#pieces, start)
    const [first, second] = this.#pieces.slice(Math.max(at, 0), at + 2)
    const areWhole =
      first?.claim.range === left &&
      second?.claim.range.id === right &&
      compareStarts(first.boundary.start, start) === 0 &&
      compareEnds(second.boundary.end, end) === 0
    if (!areWhole) return this.changed()
    this.#pieces.splice(at, 2, piece(claim))
  }

  /** Replicas without data hold no keys. */
  find(key: Uint8Array): Range | undefined {
    this.#pieces ??= this.#lay()
    return pieceOf(this.#pieces, key)?.claim.range
  }

  #lay(): Piece<Claim>[] {
    const claims = [...this.#ranges()].flatMap((range) => claimOf(range) ?? [])
    return layClaims(claims.sort((a, b) => b.high - a.high))
  }
}

function claimOf(range: Range): Claim | null {
  const { boundary, ver } = range
  return boundary && { range, high: ver.high, boundary }
}

const piece = (claim: Claim): Piece<Claim> => ({ claim, boundary: claim.boundary })
