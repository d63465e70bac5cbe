/**
 * One look of all balancers of a store at the landscape: what each wants, and what becomes of it here and now. The live
 * controller and the plan that operators ask for are this same function, so the plan shows what would happen.
 *
 * Each balancer plans for the whole cluster. Of that, a store makes the moves of ranges that it leads, each range in one way
 * at a time. What failed before goes last, so that a move which fails for ever takes nobody's place.
 */
import { AssertionError, type RangeId, type StoreId } from '@base-kv/base'
import { type Command, type EffectiveRoute, type Landscape, rangesOf, type RouteEntry } from '@base-kv/landscape'
import type { Balancer, Move } from './balancer.ts'
import type { BalancerFactory } from './factory.ts'
import type { GuardedRanges } from './range-guards.ts'
import type { Rules } from './rules.ts'
import type { StoreHealth } from './store-history.ts'

/** One balancer of a store, as it stands. */
export interface Seat {
  readonly factory: BalancerFactory
  readonly balancer: Balancer<unknown>
  /** Asked nevertheless, so that it remembers what it has seen; but moves nothing. */
  readonly isDisabled: boolean
  /** Without problems, and complete. */
  readonly rules: Rules
  readonly state: unknown
}

/**
 * `issue`: now and here. `idle`: it wants nothing. `elsewhere`: another store does it. `busy`: the range is worked on, or an
 * earlier balancer takes it. `full`: enough is under way. `broken`: it threw.
 */
export type Verdict = 'issue' | 'idle' | 'elsewhere' | 'disabled' | 'busy' | 'stale' | 'backingOff' | 'full' | 'broken'

export interface Decision {
  /** Class name. */
  readonly balancer: string
  readonly verdict: Verdict
  readonly command: Command | null
  /** Why it wants that; why nothing. */
  readonly reason: string
  /** What stands in its way; empty when nothing does. */
  readonly obstacle: string
}

export interface Situation {
  readonly landscape: Landscape
  /** Of `landscape`. */
  readonly route: EffectiveRoute
  readonly health: ReadonlyMap<StoreId, StoreHealth>
  readonly local: StoreId
  readonly nowMs: number
  readonly guards: GuardedRanges
  /** How many commands may be given. */
  readonly places: number
}

export interface Look {
  /** What the balancers remember from now on, in the order of the seats. */
  readonly states: readonly unknown[]
  /** In the order of the seats, each balancer's as it ranks them. */
  readonly decisions: readonly Decision[]
  /** Look again after so long; null: when something happens. */
  readonly waitMs: number | null
}

/** @param seats in the order in which they are asked */
export function decide(seats: readonly Seat[], situation: Situation): Look {
  const asked = seats.map((seat) => ask(seat, situation))
  const granting = new Granting(situation)
  const wants = asked.flatMap(({ seat, moves }) => moves.map((move) => ({ seat, move })))
  const hasFailed = ({ seat, move }: Want) => situation.guards.hasFailed(seat.factory.className, move.command.range)
  const fresh = wants.filter((want) => !hasFailed(want))
  const verdicts = new Map<Move, Pick<Decision, 'verdict' | 'obstacle'>>()
  for (const want of [...fresh, ...wants.filter(hasFailed)]) verdicts.set(want.move, granting.verdictOn(want))
  const decisions = asked.flatMap(({ seat, moves, nothing }): Decision[] => {
    const balancer = seat.factory.className
    if (nothing !== null) return [{ balancer, command: null, obstacle: '', ...nothing }]
    return moves.map((move) => {
      const { verdict, obstacle } = verdicts.get(move) as Pick<Decision, 'verdict' | 'obstacle'>
      return { balancer, verdict, command: move.command, reason: move.reason, obstacle }
    })
  })
  const waits = [...asked.map(({ seat, waitMs }) => (seat.isDisabled ? null : waitMs)), granting.waitMs]
  const known = waits.filter((ms) => ms !== null)
  return { states: asked.map(({ state }) => state), decisions, waitMs: known.length > 0 ? Math.min(...known) : null }
}

interface Asked {
  readonly seat: Seat
  readonly state: unknown
  readonly moves: readonly Move[]
  readonly waitMs: number | null
  readonly nothing: Pick<Decision, 'verdict' | 'reason'> | null
}

function ask(seat: Seat, { landscape, route, health, local, nowMs }: Situation): Asked {
  try {
    const view = { rules: seat.rules, landscape, route, health, local, nowMs }
    const { state, moves, waitMs, reason } = seat.balancer.balance(seat.state, view)
    return { seat, state, moves, waitMs, nothing: moves.length === 0 ? { verdict: 'idle', reason } : null }
  } catch (thrown) {
    // A stranger's fault must not end the node, nor keep the others from balancing.
    if (thrown instanceof AssertionError) throw thrown
    const nothing = { verdict: 'broken', reason: String(thrown) } as const
    return { seat, state: seat.state, moves: [], waitMs: null, nothing }
  }
}

interface Want {
  readonly seat: Seat
  readonly move: Move
}

/** Gives places and ranges to moves, the more urgent first. */
class Granting {
  /** Until the next obstacle is gone. */
  waitMs: number | null = null
  readonly #situation: Situation
  readonly #entries: ReadonlyMap<RangeId, RouteEntry>
  readonly #taken = new Set<RangeId>()
  #places: number

  constructor(situation: Situation) {
    this.#situation = situation
    this.#places = situation.places
    this.#entries = new Map(situation.route.map((entry) => [entry.range.id, entry]))
  }

  verdictOn({ seat, move: { command } }: Want): Pick<Decision, 'verdict' | 'obstacle'> {
    const { local, guards, nowMs } = this.#situation
    if (seat.isDisabled) return { verdict: 'disabled', obstacle: 'the balancer is disabled' }
    if (command.store !== local) return { verdict: 'elsewhere', obstacle: `store ${command.store} does it` }
    const entry = this.#entries.get(command.range)
    if (entry?.store.id !== local) return { verdict: 'stale', obstacle: 'the range is not led here' }
    const obstacle = guards.obstacle(seat.factory.className, command, entry, nowMs)
    if (obstacle !== null) {
      const { verdict, why, leftMs } = obstacle
      if (leftMs !== null) this.waitMs = Math.min(this.waitMs ?? Number.POSITIVE_INFINITY, leftMs)
      return { verdict, obstacle: why }
    }
    const taken = rangesOf(command).find((id) => this.#taken.has(id))
    if (taken !== undefined) return { verdict: 'busy', obstacle: `another move of range ${taken} goes first` }
    if (this.#places <= 0) return { verdict: 'full', obstacle: 'enough commands are under way' }
    this.#places--
    for (const id of rangesOf(command)) this.#taken.add(id)
    return { verdict: 'issue', obstacle: '' }
  }
}
