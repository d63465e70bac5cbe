/** Which range here holds a key: of several that claim it the one with the higher high half of `ver`. */
import type { Boundary } from '@base-kv/base'
import { layClaims, pieceOf, type Pieces } from '@base-kv/landscape'
import type { Range } from '@base-kv/range'

interface Claim {
  readonly range: Range
  readonly high: number
  readonly boundary: Boundary
}

export class RangeIndex {
  readonly #ranges: () => Iterable<Range>
  // null: something has changed since.
  #pieces: Pieces<Claim> | null = null

  constructor(ranges: () => Iterable<Range>) {
    this.#ranges = ranges
  }

  /** A range has come or gone, or has another boundary. */
  changed(): void {
    this.#pieces = null
  }

  /** Replicas without data hold no keys. */
  find(key: Uint8Array): Range | undefined {
    this.#pieces ??= layClaims(this.#claims())
    return pieceOf(this.#pieces, key)?.claim.range
  }

  #claims(): Claim[] {
    const claims: Claim[] = []
    for (const range of this.#ranges()) {
      const { boundary, ver } = range
      if (boundary) claims.push({ range, high: ver.high, boundary })
    }
    return claims.sort((a, b) => b.high - a.high)
  }
}
