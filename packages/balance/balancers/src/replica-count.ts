/**
 * Keeps as many voters and learners a range as the rules want, on stores that live, and spreads them: over zones first,
 * then evenly over stores. In this order, each range being changed in one way at a time:
 *
 * 1. What is missing or too much: voters below or above `votersPerRange`, learners likewise. A voter whose store is gone is
 *    replaced only after `replaceDeadAfterMs`, since a restart must not move data, and only by another store: dropping it
 *    without a replacement would gain nothing. Nothing of this ever takes a range below the healthy voters that it has now,
 *    or that the rules want, whichever is less.
 * 2. Voters from stores that have more than their share to such as have less.
 * 3. Learners likewise, where they do not live on every store anyway.
 *
 * Moves of one plan count on each other: each is chosen with those before it already carried out, so that not all ranges
 * pick the same empty store.
 */
import type { StoreId } from '@base-kv/base'
import type { RouteEntry, StoreDescriptor } from '@base-kv/landscape'
import type { Balancer, Move, Outcome, RuleSpec, View } from '@base-kv/runtime'
import { notNegative, oddFrom1, wholeFrom } from '@base-kv/runtime'
import { CoolDowns, type CoolDownState } from './cool-downs.ts'
import { roomyStores } from './eligible.ts'
import { type Members, Placement } from './placement.ts'

/** After a range's members changed, evenness alone does not change them again for so long. */
const COOL_DOWN_MS = 30_000
/**
 * Moves for evenness that one plan has for the ranges of one leader. It makes only a few at once, and by then there is
 * another plan.
 */
const SPREADS_PER_LEADER_MAX = 8

export interface ReplicaCountDefaults {
  readonly votersPerRange: number
  readonly learnersPerRange: number
}

export const replicaCountRules = (defaults: ReplicaCountDefaults): readonly RuleSpec[] => [
  { key: 'votersPerRange', initial: defaults.votersPerRange, ...oddFrom1, about: 'Voters wanted for each range.' },
  {
    key: 'learnersPerRange',
    initial: defaults.learnersPerRange,
    ...wholeFrom(-1),
    about: 'Learners wanted for each range; -1: on every other live store.',
  },
  {
    key: 'replaceDeadAfterMs',
    initial: 60_000,
    ...notNegative,
    about: 'How long a store must have been gone before its replicas are replaced.',
  },
]

export const replicaCount: Balancer<CoolDownState> = {
  initial: CoolDowns.none,
  balance(state, view): Outcome<CoolDownState> {
    const coolDowns = new CoolDowns(state, view, {
      coolDownMs: COOL_DOWN_MS,
      firstSeen: 'isOver',
      markOf: ({ range }) => [...range.config.voters, '/', ...range.config.learners].join(),
    })
    const plan = new Plan(view)
    for (const entry of view.route) plan.mend(entry)
    if (plan.moves.length === 0) plan.spreadVoters(coolDowns)
    if (plan.moves.length === 0) plan.spreadLearners(coolDowns)
    const waits = [plan.waitMs, coolDowns.waitMs].filter((ms) => ms !== null)
    return {
      state: coolDowns.state,
      moves: plan.moves,
      waitMs: waits.length > 0 ? Math.min(...waits) : null,
      reason:
        plan.waitMs === null ? 'every range has the replicas that it should have' : 'a store is gone, not for long yet',
    }
  },
}

class Plan {
  readonly moves: Move[] = []
  /** Until a dead store's replicas may be replaced; null: none is waited for. */
  waitMs: number | null = null
  readonly #view: View
  readonly #placement: Placement
  readonly #live: ReadonlyMap<StoreId, StoreDescriptor>
  readonly #roomy: readonly StoreDescriptor[]

  constructor(view: View) {
    this.#view = view
    this.#live = new Map(view.landscape.stores.map((store) => [store.id, store]))
    this.#roomy = roomyStores(view)
    this.#placement = new Placement(view)
  }

  // ---- 1: what is missing or too much --------------------------------------------------------------------------------------

  mend(entry: RouteEntry): void {
    if (!isAtRest(entry)) return
    const { votersPerRange, learnersPerRange } = this.#view.rules as Record<string, number>
    const voters = this.#mendVoters(entry, votersPerRange as number)
    const learners = this.#mendLearners(entry, voters.ids, learnersPerRange as number)
    const reason = voters.why ?? learners.why
    if (reason !== null) this.#change(entry, { voters: voters.ids, learners: learners.ids }, reason)
  }

  #mendVoters(entry: RouteEntry, wanted: number): { ids: StoreId[]; why: string | null } {
    const { range, store } = entry
    const { voters } = range.config
    const living = voters.filter((id) => this.#live.has(id))
    const dead = voters.filter((id) => !this.#live.has(id))
    const replaceable = dead.filter((id) => this.#isGoneForLong(id))
    // Those that may come back count as there.
    const kept = voters.filter((id) => !replaceable.includes(id))
    if (kept.length < wanted) {
      const fresh = this.#choose(kept, range.config.learners, wanted - kept.length)
      // One dead voter leaves for each that comes, and those that are too many.
      const stay = replaceable.slice(0, Math.max(0, wanted - kept.length - fresh.length))
      const ids = [...kept, ...stay, ...fresh]
      if (fresh.length > 0) {
        const why =
          replaceable.length > 0 ? `store ${replaceable.join(', ')} is gone` : `${voters.length} of ${wanted} voters`
        return { ids, why }
      }
    }
    if (voters.length <= wanted) return { ids: [...voters], why: null }
    // Too many: the dead first, then those of the fullest stores; never the leader, never one that is healthy and needed.
    const excess = voters.length - wanted
    const order = [...dead, ...this.#placement.crowdedFirst(living.filter((id) => id !== store.id))]
    const leave = new Set(order.slice(0, excess))
    return { ids: voters.filter((id) => !leave.has(id)), why: `${voters.length} voters, wanted are ${wanted}` }
  }

  #mendLearners(entry: RouteEntry, voters: readonly StoreId[], wanted: number): { ids: StoreId[]; why: string | null } {
    const before = entry.range.config.learners.filter((id) => !voters.includes(id))
    const kept = before.filter((id) => this.#live.has(id) || !this.#isGoneForLong(id))
    if (kept.length === wanted && kept.length === before.length) return { ids: before, why: null }
    const free = this.#roomy.map(({ id }) => id).filter((id) => !voters.includes(id) && !kept.includes(id))
    const ids = [...kept]
    if (wanted === -1) ids.push(...free)
    else if (kept.length < wanted) ids.push(...this.#placement.emptiestFirst(free).slice(0, wanted - kept.length))
    else if (kept.length > wanted) {
      const leave = new Set(this.#placement.crowdedFirst(kept).slice(0, kept.length - wanted))
      return { ids: kept.filter((id) => !leave.has(id)), why: `${before.length} learners, wanted are ${wanted}` }
    }
    const isSame = ids.length === before.length && ids.every((id) => before.includes(id))
    const goal = wanted === -1 ? 'one on every other store' : `${wanted}`
    return { ids, why: isSame ? null : `${before.length} learners, wanted are ${goal}` }
  }

  /** Stores for further voters: other zones first, then who has the log already, then the emptiest. */
  #choose(voters: readonly StoreId[], learners: readonly StoreId[], count: number): StoreId[] {
    const chosen: StoreId[] = []
    while (chosen.length < count) {
      const taken = [...voters, ...chosen]
      const free = this.#roomy.map(({ id }) => id).filter((id) => !taken.includes(id))
      const best = this.#placement.bestFor(taken, free, (id) => (learners.includes(id) ? 0 : 1))
      if (best === undefined) break
      chosen.push(best)
    }
    return chosen
  }

  #isGoneForLong(store: StoreId): boolean {
    const health = this.#view.health.get(store)
    const leftMs = (this.#view.rules.replaceDeadAfterMs as number) - (health?.forMs ?? Number.POSITIVE_INFINITY)
    if (health?.isLive === true || leftMs <= 0) return true
    this.waitMs = Math.min(this.waitMs ?? Number.POSITIVE_INFINITY, leftMs)
    return false
  }

  // ---- 2 and 3: evenness ---------------------------------------------------------------------------------------------------

  spreadVoters(coolDowns: CoolDowns): void {
    const roomy = this.#roomy.map(({ id }) => id)
    const spreads = new Map<StoreId, number>()
    for (const entry of this.#movable(coolDowns)) {
      const { voters, learners } = entry.range.config
      const leader = entry.store.id
      const planned = spreads.get(leader) ?? 0
      if (planned >= SPREADS_PER_LEADER_MAX) continue
      const swap = this.#placement.betterVoter(voters, roomy, leader)
      if (swap === undefined) continue
      spreads.set(leader, planned + 1)
      // A learner that becomes a voter leaves its place to the voter that goes, when there is to be one on every store.
      const rest = learners.filter((id) => id !== swap.to)
      const isEverywhere = this.#view.rules.learnersPerRange === -1
      const learnersNext = isEverywhere || rest.length < learners.length ? [...rest, swap.from] : rest
      const votersNext = voters.map((id) => (id === swap.from ? swap.to : id))
      this.#change(entry, { voters: votersNext, learners: learnersNext }, swap.why)
    }
  }

  spreadLearners(coolDowns: CoolDowns): void {
    if (this.#view.rules.learnersPerRange === -1) return
    const roomy = this.#roomy.map(({ id }) => id)
    for (const entry of this.#movable(coolDowns)) {
      const { voters, learners } = entry.range.config
      const swap = this.#placement.betterLearner(voters, learners, roomy)
      if (swap === undefined) continue
      const learnersNext = learners.map((id) => (id === swap.from ? swap.to : id))
      this.#change(entry, { voters, learners: learnersNext }, swap.why)
    }
  }

  #movable(coolDowns: CoolDowns): RouteEntry[] {
    return this.#view.route.filter(
      (entry) =>
        isAtRest(entry) &&
        coolDowns.isOver(entry.range.id) &&
        [...entry.range.config.voters, ...entry.range.config.learners].every((id) => this.#live.has(id)),
    )
  }

  // ---- moves -----------------------------------------------------------------------------------------------------------------

  #change({ store, range }: RouteEntry, { voters, learners }: Members, reason: string): void {
    this.#placement.change(range.config, { voters, learners })
    this.moves.push({
      command: { kind: 'changeReplicas', store: store.id, range: range.id, ver: range.ver, voters, learners },
      reason,
    })
  }
}

const isAtRest = ({ range }: RouteEntry): boolean =>
  range.state === 'Normal' && range.config.nextVoters.length === 0 && range.config.nextLearners.length === 0
