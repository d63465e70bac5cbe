/**
 * Which range holds a key, and who leads it: what nodes reported, laid over one another so that the newest wins.
 *
 * Reports disagree while ranges split, merge and move. Of two that claim a key the newer one is, in this order: the one
 * of a confirmed epoch, of the higher high half of `ver` (it orders ownership), of the higher Raft term, the one that
 * knows a leader. Clocks play no part. A table that is behind costs one more hop, because every node passes requests on.
 */
import type { Boundary } from '@base-kv/base'
import { layClaims, pieceOf, type Pieces } from '@base-kv/landscape'

/** What one store says of one range. */
export interface RangeReport {
  readonly rangeId: string
  readonly boundary: Boundary
  readonly epochConfirmed: boolean
  readonly verHigh: number
  readonly verLow: number
  readonly term: number
  /** Store id; empty while no leader is known. */
  readonly leader: string
  /** How many writes the range has recorded; what writes take along (PipelineOp.seen). */
  readonly position: number
}

export interface Route extends RangeReport {
  /** The newest heard of. Grows, but for a route that answers of another range had spoilt. */
  position: number
  /** Where a node said, in a reply, that the leader is: host:port. Valid for this version and term only. */
  movedTo: string | undefined
}

/** <0 when `a` is newer. A total order over reports of different ranges or contents. */
export function compareReports(a: RangeReport, b: RangeReport): number {
  return (
    Number(b.epochConfirmed) - Number(a.epochConfirmed) ||
    b.verHigh - a.verHigh ||
    b.term - a.term ||
    Number(b.leader !== '') - Number(a.leader !== '') ||
    b.verLow - a.verLow ||
    (a.rangeId < b.rangeId ? -1 : a.rangeId > b.rangeId ? 1 : 0)
  )
}

export class RouteTable {
  /** The last word of each store. */
  readonly #reports = new Map<string, readonly RangeReport[]>()
  #pieces: Pieces<Route> = []

  get routes(): readonly Route[] {
    return this.#pieces.map(({ claim }) => claim)
  }

  /** Replaces what `storeId` said before. */
  learn(storeId: string, reports: readonly RangeReport[]): void {
    this.#reports.set(storeId, reports)
    const newest = new Map<string, RangeReport>()
    for (const list of this.#reports.values()) {
      for (const report of list) {
        const known = newest.get(report.rangeId)
        if (known === undefined || compareReports(report, known) < 0) newest.set(report.rangeId, report)
      }
    }
    const before = new Map(this.#pieces.map(({ claim }) => [claim.rangeId, claim]))
    this.#pieces = layClaims([...newest.values()].sort(compareReports)).map(({ boundary, claim }) => {
      const known = before.get(claim.rangeId)
      const isSame = known !== undefined && known.verHigh === claim.verHigh && known.term === claim.term
      const position = Math.max(claim.position, known?.position ?? 0)
      return { boundary, claim: { ...claim, boundary, position, movedTo: isSame ? known.movedTo : undefined } }
    })
  }

  /** The range of `key` is at `position`, whatever was heard before if `isCorrection`. */
  hear(key: Uint8Array, position: number, isCorrection: boolean): void {
    const route = this.find(key)
    if (route) route.position = isCorrection ? position : Math.max(route.position, position)
  }

  /** The route of `key`; of the first key when `null`. */
  find(key: Uint8Array | null): Route | undefined {
    return pieceOf(this.#pieces, key ?? firstKey)?.claim
  }
}

const firstKey = new Uint8Array(0)
