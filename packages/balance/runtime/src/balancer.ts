/**
 * What a balancer is. It derives from the landscape which shape the cluster should have, and says which moves lead there.
 *
 * There is no coordinator: every node runs every balancer over the same landscape and gets the same list of moves in the
 * same order; each node carries out those whose ranges it leads. That works only when a balancer is a pure function: of
 * its rules, the landscape, the time, and what it remembered. No clock, no chance, no input of its own; ties are broken by
 * id, never by the order in which something happened to arrive.
 *
 * Nodes do not see the same landscape at the same instant. Then two may decide differently for a moment, which is harmless:
 * every command carries the exact version of its range, so of two that contradict each other one is refused.
 */
import type { StoreId } from '@base-kv/base'
import type { Command, EffectiveRoute, Landscape } from '@base-kv/landscape'
import type { Rules } from './rules.ts'
import type { StoreHealth } from './store-history.ts'

export interface View {
  /** The defaults of the factory, with what configuration and operators laid over them; valid. */
  readonly rules: Rules
  readonly landscape: Landscape
  /** Of `landscape`. */
  readonly route: EffectiveRoute
  /** Of every store in `landscape`, and of those that were there and are gone. */
  readonly health: ReadonlyMap<StoreId, StoreHealth>
  /** The store that asks. Only for what is about itself: moves are those of the whole cluster. */
  readonly local: StoreId
  /** Monotonic, in milliseconds. */
  readonly nowMs: number
}

export interface Move {
  readonly command: Command
  /** In words, for people: what is wrong, and what this makes better. */
  readonly reason: string
}

export interface Outcome<State> {
  /** What it wants to remember until it is asked again. */
  readonly state: State
  /** The whole cluster's, the most urgent first; at most one for a range. Empty when nothing is to be done now. */
  readonly moves: readonly Move[]
  /** Ask again after so long even when nothing changes; null when time alone changes nothing. */
  readonly waitMs: number | null
  /** Why there is nothing to do, or what is waited for. */
  readonly reason: string
}

export interface Balancer<State> {
  /** What it remembers at first. */
  readonly initial: State
  balance(state: State, view: View): Outcome<State>
}
