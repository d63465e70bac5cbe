/** How many replicas each store has, as a plan grows: what was planned counts as carried out. */
import type { RangeId, StoreId } from '@base-kv/base'
import {
  type EffectiveRoute,
  isNewerVersion,
  type Landscape,
  type RangeDescriptor,
  type StoreDescriptor,
} from '@base-kv/landscape'
import type { View } from '@base-kv/runtime'
import { zoneOf } from './eligible.ts'

/** One replica goes from a store to another. */
export interface Swap {
  readonly from: StoreId
  readonly to: StoreId
  readonly why: string
}

export interface Members {
  readonly voters: readonly StoreId[]
  readonly learners: readonly StoreId[]
}

export class Placement {
  readonly #zones: ReadonlyMap<StoreId, string>
  readonly #voters: Map<StoreId, number>
  readonly #learners: Map<StoreId, number>
  /** Of voters among the stores that have room; null when something was counted since. */
  #share: Share | null = null

  constructor({ landscape, route }: View) {
    const zero = (stores: readonly StoreDescriptor[]) => new Map<StoreId, number>(stores.map(({ id }) => [id, 0]))
    this.#zones = new Map(landscape.stores.map((store) => [store.id, zoneOf(store)]))
    this.#voters = zero(landscape.stores)
    this.#learners = zero(landscape.stores)
    for (const { config } of newestOf(landscape, route)) {
      const { voters, learners, nextVoters, nextLearners } = config
      // What changes just now counts as it will be.
      if (nextVoters.length > 0) this.#count(nextVoters, nextLearners, 1)
      else this.#count(voters, learners, 1)
    }
  }

  /** A range that has `before` is to have `after`. */
  change(before: Members, after: Members): void {
    this.#count(before.voters, before.learners, -1)
    this.#count(after.voters, after.learners, 1)
  }

  /** Of `free`, the one whose zone has fewest of `taken`; of those the lowest `rank`, then the emptiest. */
  bestFor(taken: readonly StoreId[], free: readonly StoreId[], rank: (store: StoreId) => number): StoreId | undefined {
    let best: StoreId | undefined
    let bestKey: readonly number[] = []
    for (const id of free) {
      const key = [this.#crowd(id, taken), rank(id), this.#load(id)]
      if (best === undefined || (compareLists(key, bestKey) || compareIds(id, best)) < 0) {
        best = id
        bestKey = key
      }
    }
    return best
  }

  emptiestFirst(stores: readonly StoreId[]): StoreId[] {
    return [...stores].sort((a, b) => this.#load(a) - this.#load(b) || compareIds(a, b))
  }

  /** Those whose zone holds several of them first, then the fullest. */
  crowdedFirst(stores: readonly StoreId[]): StoreId[] {
    const crowd = (id: StoreId) => this.#crowd(id, stores)
    return [...stores].sort((a, b) => crowd(b) - crowd(a) || this.#load(b) - this.#load(a) || compareIds(b, a))
  }

  /**
   * @param roomy the same stores in every call
   * @returns a swap that makes voters more even, over zones or over stores, without making zones worse. The leader's own replica
   * goes only when no other will do.
   */
  betterVoter(voters: readonly StoreId[], roomy: readonly StoreId[], leader: StoreId): Swap | undefined {
    this.#share ??= shareOf(this.#voters, roomy)
    const { fewest, most, least } = this.#share
    // Nearly always: no zone has two, and no store has more than one above the emptiest.
    const isFine = voters.every((id) => (this.#voters.get(id) ?? 0) - least <= 1 && this.#crowd(id, voters) === 0)
    if (isFine) return undefined
    const free = roomy.filter((id) => !voters.includes(id))
    let best: { swap: Swap; zones: number; gain: number; isLeader: boolean } | undefined
    for (const from of voters) {
      const rest = voters.filter((id) => id !== from)
      const to = this.bestFor(rest, free, (id) => this.#voters.get(id) ?? 0)
      if (to === undefined) continue
      const zones = this.#crowd(from, rest) - this.#crowd(to, rest)
      const [a, b] = [this.#voters.get(from) ?? 0, this.#voters.get(to) ?? 0]
      const gain = a - b
      const isMoreEven = gain > 1 && (a > most || (b < fewest && a > fewest))
      if (zones < 0 || (zones === 0 && !isMoreEven)) continue
      const why = zones > 0 ? 'two voters are in one zone' : `store ${from} has ${a} voters, ${to} has ${b}`
      const found = { swap: { from, to, why }, zones, gain, isLeader: from === leader }
      if (best === undefined || compareLists(order(found), order(best)) < 0) best = found
    }
    return best?.swap
  }

  betterLearner(voters: readonly StoreId[], learners: readonly StoreId[], roomy: readonly StoreId[]): Swap | undefined {
    const free = roomy.filter((id) => !voters.includes(id) && !learners.includes(id))
    const from = first(learners, (a, b) => (this.#learners.get(b) ?? 0) - (this.#learners.get(a) ?? 0))
    const to = first(free, (a, b) => (this.#learners.get(a) ?? 0) - (this.#learners.get(b) ?? 0))
    if (from === undefined || to === undefined) return undefined
    const [a, b] = [this.#learners.get(from) ?? 0, this.#learners.get(to) ?? 0]
    return a - b > 1 ? { from, to, why: `store ${from} has ${a} learners, ${to} has ${b}` } : undefined
  }

  #count(voters: readonly StoreId[], learners: readonly StoreId[], change: number): void {
    this.#share = null
    for (const id of voters) add(this.#voters, id, change)
    for (const id of learners) add(this.#learners, id, change)
  }

  #load(store: StoreId): number {
    return (this.#voters.get(store) ?? 0) + (this.#learners.get(store) ?? 0)
  }

  /** How many of `others` are in the store's zone. */
  #crowd(store: StoreId, others: readonly StoreId[]): number {
    const zone = this.#zones.get(store)
    if (zone === undefined) return 0
    let crowd = 0
    for (const id of others) if (id !== store && this.#zones.get(id) === zone) crowd++
    return crowd
  }
}

/**
 * Every range as its leader describes it. Between two leaders a range is in no route for a moment, and its stores would look
 * emptier than they are: then the newest that any member says counts.
 */
function newestOf(landscape: Landscape, route: EffectiveRoute): Iterable<RangeDescriptor> {
  const newest = new Map<RangeId, RangeDescriptor>(route.map(({ range }) => [range.id, range]))
  const routed = new Set(newest.keys())
  for (const { ranges } of landscape.stores) {
    for (const range of ranges) {
      if (routed.has(range.id) || range.state === 'Removed' || range.state === 'ToBePurged') continue
      const known = newest.get(range.id)
      if (known === undefined || isNewerVersion(range.ver, known.ver)) newest.set(range.id, range)
    }
  }
  return newest.values()
}

const order = ({ zones, gain, isLeader }: { zones: number; gain: number; isLeader: boolean }) =>
  [-zones, isLeader ? 1 : 0, -gain] as const

interface Share {
  /** What each store should have at least and at most. */
  readonly fewest: number
  readonly most: number
  /** What the emptiest has. */
  readonly least: number
}

function shareOf(counts: ReadonlyMap<StoreId, number>, stores: readonly StoreId[]): Share {
  let total = 0
  let least = Number.POSITIVE_INFINITY
  for (const id of stores) {
    const count = counts.get(id) ?? 0
    total += count
    least = Math.min(least, count)
  }
  return { fewest: Math.floor(total / stores.length), most: Math.ceil(total / stores.length), least }
}

/** Stores that are gone are not counted. */
function add(counts: Map<StoreId, number>, store: StoreId, change: number): void {
  const count = counts.get(store)
  if (count !== undefined) counts.set(store, count + change)
}

/** The least by `compare`, then by id. */
function first(stores: readonly StoreId[], compare: (a: StoreId, b: StoreId) => number): StoreId | undefined {
  let best: StoreId | undefined
  for (const id of stores) if (best === undefined || (compare(id, best) || compareIds(id, best)) < 0) best = id
  return best
}

const compareIds = (a: StoreId, b: StoreId): number => (a < b ? -1 : a > b ? 1 : 0)

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}
