/**
 * Spreads leaders: first so that no store leads more than one range above the fewest, then so that no store has far more
 * load than another, by exchanging a busy range for a quiet one.
 *
 * A leader moves only to a voter that lives, does not flap, answers, and has nearly all of the log: while leadership is on
 * its way the range takes no writes, and a target that is behind would have to catch up first.
 */
import type { RangeId, StoreId, Term } from '@base-kv/base'
import type { RouteEntry } from '@base-kv/landscape'
import type { Balancer, Move, Outcome, View } from '@base-kv/runtime'
import { CoolDowns, type CoolDownState } from './cool-downs.ts'
import { steadyStores } from './eligible.ts'

/** A target may be behind by so many entries: less than what arrives in one heartbeat under load. */
const BEHIND_MAX = 1_000
/** A member that has been silent for longer is no target. */
const SILENT_MAX_MS = 2_000
/** After a range's leader moved, counts alone do not move it again for so long: what others did meanwhile must show. */
const COUNT_COOL_DOWN_MS = 15_000
/** And load alone not for so long. */
const LOAD_COOL_DOWN_MS = 60_000
/** Only differences of load that are worth the short pause of two ranges: this share of the busier store's. */
const LOAD_GAP_SHARE = 0.3
/** Requests in a window of hints below which nothing is worth moving. */
const LOAD_MIN = 5_000

export const rangeLeader: Balancer<CoolDownState> = {
  initial: CoolDowns.none,
  balance(state, view): Outcome<CoolDownState> {
    const coolDown = (coolDownMs: number) =>
      new CoolDowns(state, view, { coolDownMs, firstSeen: 'isOver', markOf: ({ store }) => store.id })
    const forCount = coolDown(COUNT_COOL_DOWN_MS)
    const forLoad = coolDown(LOAD_COOL_DOWN_MS)
    const stores = steadyStores(view).map(({ id }) => id)
    const leaders = leadersOf(view)
    const counts = leaderCounts(leaders, stores)
    const current = view.route.filter(
      ({ store, range }) => leaders.get(range.id)?.leader === store.id && isAtRest({ range }),
    )
    const moves = evenCounts(current, counts, forCount)
    if (moves.length === 0)
      moves.push(
        ...evenLoad(
          view,
          counts,
          current.filter(({ range }) => forLoad.isOver(range.id)),
        ),
      )
    const reason = `leaders a store: ${[...counts.values()].join(', ') || 'none'}`
    const waits = [forCount.waitMs, forLoad.waitMs].filter((ms) => ms !== null)
    return { state: forLoad.state, moves, waitMs: waits.length > 0 ? Math.min(...waits) : null, reason }
  },
}

/**
 * Stores that may lead, with how many ranges each does. Those that may not are left out. Whoever passed a range on knows of
 * it before the new leader's own words arrive, so what any member says counts: else the target would look empty meanwhile,
 * and be given too much.
 */
function leaderCounts(leaders: ReadonlyMap<RangeId, Led>, stores: readonly StoreId[]): Map<StoreId, number> {
  const counts = new Map<StoreId, number>(stores.map((id) => [id, 0]))
  for (const { leader } of leaders.values()) {
    const count = counts.get(leader)
    if (count !== undefined) counts.set(leader, count + 1)
  }
  return counts
}

interface Led {
  readonly leader: StoreId
  readonly term: Term
}

/** Who leads each range, by the newest term that anybody tells of. */
function leadersOf({ landscape, route }: View): Map<RangeId, Led> {
  const leaders = new Map<RangeId, Led>()
  for (const { store, range } of route) leaders.set(range.id, { leader: store.id, term: range.term })
  for (const { ranges } of landscape.stores) {
    for (const { id, leader, term, state } of ranges) {
      if (leader === null || state === 'Removed' || state === 'ToBePurged') continue
      const known = leaders.get(id)
      if (known === undefined || term > known.term) leaders.set(id, { leader, term })
    }
  }
  return leaders
}

interface Movable {
  readonly entry: RouteEntry
  /** Who may lead it next. */
  readonly targets: readonly StoreId[]
}

/**
 * Moves leaders from stores that have more than their share to such as have less; then, where two stores that differ share
 * no range, along chains of stores, of which those in between pass on as many as they are given.
 */
function evenCounts(current: readonly RouteEntry[], counts: Map<StoreId, number>, coolDowns: CoolDowns): Move[] {
  const led = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const fewest = Math.floor(led / counts.size)
  const most = Math.ceil(led / counts.size)
  const moves: Move[] = []
  const go = (entry: RouteEntry, target: StoreId) => {
    const from = counts.get(entry.store.id)
    const to = counts.get(target) as number
    const why =
      from === undefined ? 'its store flaps or its disk hangs' : `its store leads ${from} ranges, the target ${to}`
    moves.push(transfer(entry, target, why))
    if (from !== undefined) counts.set(entry.store.id, from - 1)
    counts.set(target, to + 1)
  }
  let pending: Movable[] = current
    // Away from a store that may not lead it goes at once.
    .filter(({ range, store }) => coolDowns.isOver(range.id) || !counts.has(store.id))
    .map((entry) => ({ entry, targets: targetsOf(entry, counts) }))
  for (let before = -1; before < moves.length;) {
    before = moves.length
    pending = pending.filter(({ entry, targets }) => {
      const target = emptiest(targets, counts)
      if (target === undefined) return false
      const from = counts.get(entry.store.id)
      const to = counts.get(target) as number
      if (from !== undefined && !(from - to > 1 && (from > most || (to < fewest && from > fewest)))) return true
      go(entry, target)
      return false
    })
  }
  for (let chain = chainBetween(pending, counts); chain.length > 0; chain = chainBetween(pending, counts)) {
    const used = new Set(chain.map(({ entry }) => entry))
    pending = pending.filter(({ entry }) => !used.has(entry))
    for (const { entry, target } of chain) go(entry, target)
  }
  return moves
}

interface Link {
  readonly entry: RouteEntry
  readonly target: StoreId
}

/** The shortest chain of transfers from the store that leads most to one that leads at least two less; empty: none. */
function chainBetween(pending: readonly Movable[], counts: ReadonlyMap<StoreId, number>): Link[] {
  const fewest = Math.min(...counts.values())
  const led = new Map<StoreId, Movable[]>()
  for (const one of pending) {
    const { id } = one.entry.store
    const others = led.get(id)
    if (others === undefined) led.set(id, [one])
    else others.push(one)
  }
  for (const [from, count] of [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))) {
    if (count - fewest <= 1) break
    const reachedBy = new Map<StoreId, Link | null>([[from, null]])
    for (const store of reachedBy.keys()) {
      if (count - (counts.get(store) as number) > 1) return chainTo(store, reachedBy)
      for (const { entry, targets } of led.get(store) ?? []) {
        for (const target of targets) if (!reachedBy.has(target)) reachedBy.set(target, { entry, target })
      }
    }
  }
  return []
}

function chainTo(end: StoreId, reachedBy: ReadonlyMap<StoreId, Link | null>): Link[] {
  const chain: Link[] = []
  for (let link = reachedBy.get(end); link; link = reachedBy.get(link.entry.store.id)) chain.unshift(link)
  return chain
}

/** The first of those that lead the fewest. */
function emptiest(targets: readonly StoreId[], counts: ReadonlyMap<StoreId, number>): StoreId | undefined {
  let best: StoreId | undefined
  for (const target of targets) {
    if (best === undefined || (counts.get(target) as number) < (counts.get(best) as number)) best = target
  }
  return best
}

/** One exchange of a busy range for a quiet one, between the busiest store and another, where that makes both more alike. */
function evenLoad({ route }: View, counts: ReadonlyMap<StoreId, number>, movable: readonly RouteEntry[]): Move[] {
  const loads = new Map<StoreId, number>([...counts.keys()].map((id) => [id, 0]))
  for (const entry of route) {
    const load = loads.get(entry.store.id)
    if (load !== undefined) loads.set(entry.store.id, load + loadOf(entry))
  }
  const byLoad = [...loads].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const [busiest] = byLoad
  if (busiest === undefined || busiest[1] < LOAD_MIN) return []
  const [from, most] = busiest
  let best: { out: RouteEntry; back: RouteEntry; left: number } | undefined
  for (const [to, load] of byLoad.toReversed()) {
    const gap = most - load
    if (to === from || gap < most * LOAD_GAP_SHARE) continue
    const back = movable.filter((entry) => entry.store.id === to && targetsOf(entry, counts).includes(from))
    for (const out of movable) {
      if (out.store.id !== from || !targetsOf(out, counts).includes(to)) continue
      for (const other of back) {
        const left = Math.abs(gap - 2 * (loadOf(out) - loadOf(other)))
        if (left < gap * (1 - LOAD_GAP_SHARE) && left < (best?.left ?? Number.POSITIVE_INFINITY)) {
          best = { out, back: other, left }
        }
      }
    }
  }
  if (best === undefined) return []
  const { out, back } = best
  return [
    transfer(
      out,
      back.store.id,
      `its leader's store has ${most} requests a window, the target's ${loads.get(back.store.id)}`,
    ),
    transfer(back, from, `in exchange for the busier range ${out.range.id}`),
  ]
}

const transfer = ({ store, range }: RouteEntry, target: StoreId, reason: string): Move => ({
  command: { kind: 'transferLeader', store: store.id, range: range.id, ver: range.ver, target },
  reason,
})

/** No change of the range is under way. */
const isAtRest = ({ range }: Pick<RouteEntry, 'range'>): boolean =>
  range.state === 'Normal' && range.config.nextVoters.length === 0 && range.config.nextLearners.length === 0

/** Who may lead it next, sorted by id. */
function targetsOf({ store, range }: RouteEntry, counts: ReadonlyMap<StoreId, number>): StoreId[] {
  const voters = range.config.voters.filter((voter) => {
    if (voter === store.id || !counts.has(voter)) return false
    const progress = range.progress.find((one) => one.store === voter)
    if (progress === undefined || progress.state !== 'replicate' || progress.silentMs > SILENT_MAX_MS) return false
    return range.lastIndex - progress.match <= BEHIND_MAX
  })
  return voters.sort()
}

/** Pairs read and written in a window. */
const loadOf = ({ range }: RouteEntry): number =>
  range.hints.reduce((sum, { load }) => sum + load.reads + load.writes, 0)
