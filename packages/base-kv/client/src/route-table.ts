/**
 * Which range holds a key, and who leads it: what nodes reported, laid over one another so that the newest wins.
 *
 * Reports disagree while ranges split, merge and move. Of two that claim a key the newer one is, in this order: the one
 * of a confirmed epoch, of the higher high half of `ver` (it orders ownership), of the higher Raft term, the one that
 * knows a leader. Clocks play no part. A table that is behind costs one more hop, because every node passes requests on.
 */
import { type Boundary, compareEnds, compareKeys, compareStarts, contains } from '@base-kv/base'

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
}

export interface Route extends RangeReport {
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
  /** Invariant: sorted by start, without overlap. */
  #routes: Route[] = []

  get routes(): readonly Route[] {
    return this.#routes
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
    const before = new Map(this.#routes.map((route) => [route.rangeId, route]))
    const routes: Route[] = []
    for (const report of [...newest.values()].sort(compareReports)) layUnder(routes, report, before.get(report.rangeId))
    this.#routes = routes
  }

  /** The route of `key`; of the first key when `null`. */
  find(key: Uint8Array | null): Route | undefined {
    const routes = this.#routes
    let low = 0
    let high = routes.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const route = routes[middle] as Route
      if (key === null ? route.boundary.start === null : contains(route.boundary, key)) return route
      const isAfter = key === null || (route.boundary.start !== null && compareKeys(route.boundary.start, key) > 0)
      if (isAfter) high = middle - 1
      else low = middle + 1
    }
    return undefined
  }
}

/** Adds what `report` claims and no newer route holds already. */
function layUnder(routes: Route[], report: RangeReport, before: Route | undefined): void {
  const isSame = before !== undefined && before.verHigh === report.verHigh && before.term === report.term
  const movedTo = isSame ? before.movedTo : undefined
  let at = firstEndingBehind(routes, report.boundary.start)
  let start = report.boundary.start
  let isOpenAtEnd = true
  while (at < routes.length) {
    const taken = (routes[at] as Route).boundary
    if (taken.start !== null && report.boundary.end !== null && compareKeys(taken.start, report.boundary.end) >= 0)
      break
    if (compareStarts(start, taken.start) < 0) {
      routes.splice(at, 0, { ...report, movedTo, boundary: { start, end: taken.start } })
      at++
    }
    if (compareEnds(taken.end, report.boundary.end) >= 0) {
      isOpenAtEnd = false
      break
    }
    start = taken.end
    at++
  }
  if (isOpenAtEnd) routes.splice(at, 0, { ...report, movedTo, boundary: { start, end: report.boundary.end } })
}

/** Index of the first route whose end lies behind `start`. */
function firstEndingBehind(routes: readonly Route[], start: Uint8Array | null): number {
  let low = 0
  let high = routes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const end = (routes[middle] as Route).boundary.end
    const isBehind = end === null || start === null || compareKeys(end, start) > 0
    if (isBehind) high = middle
    else low = middle + 1
  }
  return low
}
