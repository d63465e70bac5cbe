/**
 * Which ranges must be left alone, and by whom: what is being worked on, what was just changed but does not show yet, and
 * what failed a moment ago.
 *
 * The landscape that balancers see is older than what this store did itself. A change of members or boundary raises the
 * range's version, so a command that carries no newer version than the last accepted one was decided before it. A leader
 * that moves leaves the version alone, but the next one has a higher term.
 */
import type { RangeId, StoreId, Term } from '@base-kv/base'
import {
  type Command,
  formatVersion,
  isNewerVersion,
  type Landscape,
  type RangeVersion,
  type RouteEntry,
  rangesOf,
  storeOf,
} from '@base-kv/landscape'

export interface Obstacle {
  readonly verdict: 'busy' | 'stale' | 'backingOff'
  readonly why: string
  /** Until it is gone by itself; null: until something happens. */
  readonly leftMs: number | null
}

/** The look's side of it. */
export interface GuardedRanges {
  /** @param entry of the range that the command names */
  obstacle(balancer: string, command: Command, entry: RouteEntry, nowMs: number): Obstacle | null
  /** Whether the balancer failed at the range when it last tried. */
  hasFailed(balancer: string, range: RangeId): boolean
}

interface Failures {
  readonly range: RangeId
  readonly count: number
  readonly untilMs: number
}

const BACK_OFF_FIRST_MS = 1_000
const BACK_OFF_MAX_MS = 60_000
/** A new leader shows long before that. One that never does, was never elected. */
const TRANSFER_SHOWS_WITHIN_MS = 30_000

export class RangeGuards implements GuardedRanges {
  readonly #busy = new Set<RangeId>()
  /** Version that the last accepted command carried. Invariant: only of ranges that this store hosts, as all below. */
  readonly #accepted = new Map<RangeId, RangeVersion>()
  /** In which term leadership was passed on. */
  readonly #passedOn = new Map<RangeId, { readonly term: Term; readonly untilMs: number }>()
  readonly #failures = new Map<string, Failures>()
  #underWay = 0

  /** Commands. */
  get underWay(): number {
    return this.#underWay
  }

  obstacle(balancer: string, command: Command, { range }: RouteEntry, nowMs: number): Obstacle | null {
    const busy = rangesOf(command).find((id) => this.#busy.has(id))
    if (busy !== undefined) return { verdict: 'busy', why: `range ${busy} is being worked on`, leftMs: null }
    for (const { id, ver } of versionsOf(command)) {
      const accepted = this.#accepted.get(id)
      if (accepted === undefined || isNewerVersion(ver, accepted)) continue
      const why = `range ${id} was changed at version ${formatVersion(accepted)}, which does not show yet`
      return { verdict: 'stale', why, leftMs: null }
    }
    const passedOn = this.#passedOn.get(command.range)
    if (passedOn !== undefined && range.term <= passedOn.term && nowMs < passedOn.untilMs) {
      const why = 'its leader was moved just now, which does not show yet'
      return { verdict: 'stale', why, leftMs: passedOn.untilMs - nowMs }
    }
    const failures = this.#failures.get(keyOf(balancer, command.range))
    if (failures !== undefined && nowMs < failures.untilMs) {
      return { verdict: 'backingOff', why: `failed ${failures.count} times`, leftMs: failures.untilMs - nowMs }
    }
    return null
  }

  hasFailed(balancer: string, range: RangeId): boolean {
    return this.#failures.has(keyOf(balancer, range))
  }

  begin(command: Command): void {
    for (const id of rangesOf(command)) this.#busy.add(id)
    this.#underWay++
  }

  /** @param term in which the range was led when the command was given */
  accepted(balancer: string, command: Command, term: Term, nowMs: number): void {
    this.#end(command)
    this.#failures.delete(keyOf(balancer, command.range))
    if (command.kind === 'transferLeader') {
      this.#passedOn.set(command.range, { term, untilMs: nowMs + TRANSFER_SHOWS_WITHIN_MS })
    } else {
      for (const { id, ver } of versionsOf(command)) this.#accepted.set(id, ver)
    }
  }

  /** @returns how long the balancer leaves the range alone now */
  failed(balancer: string, command: Command, nowMs: number): number {
    this.#end(command)
    const key = keyOf(balancer, command.range)
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const pauseMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (count - 1))
    this.#failures.set(key, { range: command.range, count, untilMs: nowMs + pauseMs })
    return pauseMs
  }

  /** Forgets what is over, and what was about ranges that are not here any more. */
  prune(landscape: Landscape, local: StoreId, nowMs: number): void {
    const store = storeOf(landscape, local)
    // Without this store in it the landscape says nothing about its ranges.
    if (store === undefined) return
    const here = new Set(store.ranges.map(({ id }) => id))
    for (const id of this.#accepted.keys()) if (!here.has(id)) this.#accepted.delete(id)
    for (const [id, { untilMs }] of this.#passedOn) if (!here.has(id) || untilMs <= nowMs) this.#passedOn.delete(id)
    for (const [key, { range, untilMs }] of this.#failures) {
      if (!here.has(range) || untilMs + BACK_OFF_MAX_MS <= nowMs) this.#failures.delete(key)
    }
  }

  #end(command: Command): void {
    for (const id of rangesOf(command)) this.#busy.delete(id)
    this.#underWay--
  }
}

const keyOf = (balancer: string, range: RangeId): string => `${balancer} ${range}`

const versionsOf = (command: Command): readonly { readonly id: RangeId; readonly ver: RangeVersion }[] => {
  const own = { id: command.range, ver: command.ver }
  return command.kind === 'merge' ? [own, { id: command.right.range, ver: command.right.ver }] : [own]
}
