/**
 * Which range holds a key, and who leads it: what nodes reported, laid over one another so that the newest wins.
 *
 * Reports disagree while ranges split, merge and move. Of two that claim a key the newer one is, in this order: the one
 * of a confirmed epoch, of the higher high half of `ver` (it orders ownership), of the higher Raft term, the one that
 * knows a leader. Clocks play no part. A table that is behind costs one more hop, because every node passes requests on.
 */
import { type Boundary, compareEnds, compareStarts } from '@base-kv/base'
import { layClaims, pieceOf } from '@base-kv/landscape'

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

/** Reports of one store that are remembered; one that has said more is asked anew. */
const REPORTS_MAX = 50_000

interface RoutePiece {
  boundary: Boundary
  claim: Route
}

export class RouteTable {
  /** What each store said last of each range. */
  readonly #reports = new Map<string, Map<string, RangeReport>>()
  #pieces: RoutePiece[] = []

  get routes(): readonly Route[] {
    return this.#pieces.map(({ claim }) => claim)
  }

  /** Replaces what `storeId` said before: this is all that it has. */
  learn(storeId: string, reports: readonly RangeReport[]): void {
    this.#reports.set(storeId, newestById(reports))
    this.#lay()
  }

  /** `storeId` has others as well. Cheap while boundaries stay what they are. */
  learnSome(storeId: string, reports: readonly RangeReport[]): void {
    let own = this.#reports.get(storeId)
    const [known] = own?.keys() ?? []
    const [first] = reports
    // Another epoch under this address: nothing of the former one is left.
    const isOther = known !== undefined && first !== undefined && epochOf(known) !== epochOf(first.rangeId)
    if (!own || isOther || own.size > REPORTS_MAX) this.#reports.set(storeId, (own = new Map()))
    for (const report of reports) own.set(report.rangeId, report)
    const fits = reports.map((report) => !isOther && this.#fitIn(report))
    if (fits.includes(false)) this.#lay()
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

  #lay(): void {
    const newest = newestById([...this.#reports.values()].flatMap((list) => [...list.values()]))
    const before = new Map(this.#pieces.map(({ claim }) => [claim.rangeId, claim]))
    this.#pieces = layClaims([...newest.values()].sort(compareReports)).map(({ boundary, claim }) => {
      return { boundary, claim: routeOf(claim, boundary, before.get(claim.rangeId)) }
    })
  }

  /** A report of a range where it is, or where nobody claims anything. False: everything is to be laid anew. */
  #fitIn(report: RangeReport): boolean {
    const { boundary } = report
    const at = firstNotBefore(this.#pieces, boundary.start)
    const piece = this.#pieces[at]
    if (piece && compareStarts(piece.boundary.start, boundary.start) === 0) {
      if (piece.claim.rangeId !== report.rangeId || compareEnds(piece.boundary.end, boundary.end) !== 0) return false
      if (compareReports(report, piece.claim) <= 0) piece.claim = routeOf(report, boundary, piece.claim)
      return true
    }
    const before = this.#pieces[at - 1]
    const isBehind =
      !before || (before.boundary.end !== null && compareStarts(before.boundary.end, boundary.start) <= 0)
    const isBefore = !piece || (boundary.end !== null && compareStarts(boundary.end, piece.boundary.start) <= 0)
    if (!isBehind || !isBefore) return false
    this.#pieces.splice(at, 0, { boundary, claim: routeOf(report, boundary, undefined) })
    return true
  }
}

function newestById(reports: Iterable<RangeReport>): Map<string, RangeReport> {
  const newest = new Map<string, RangeReport>()
  for (const report of reports) {
    const known = newest.get(report.rangeId)
    if (known === undefined || compareReports(report, known) < 0) newest.set(report.rangeId, report)
  }
  return newest
}

function routeOf(report: RangeReport, boundary: Boundary, known: Route | undefined): Route {
  const isSame = known !== undefined && known.verHigh === report.verHigh && known.term === report.term
  const position = Math.max(report.position, known?.position ?? 0)
  return { ...report, boundary, position, movedTo: isSame ? known.movedTo : undefined }
}

/** Index of the first piece that does not begin before `start`. */
function firstNotBefore(pieces: readonly RoutePiece[], start: Uint8Array | null): number {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareStarts((pieces[middle] as RoutePiece).boundary.start, start) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const epochOf = (rangeId: string): string => rangeId.slice(0, Math.max(rangeId.indexOf('_'), 0))

const firstKey = new Uint8Array(0)
