/**
 * Runs the balancers of one store. It looks when something happened (another landscape, other rules, a command that ended)
 * or when a balancer said that time alone will change something; never more often than each `pauseMs`, and not at the same
 * instant on every node.
 *
 * News never puts a look off: one that is due stays due, however fast landscapes come.
 */
import { assert, type Clock, limits, type Random, type StoreId, type Timers } from '@base-kv/base'
import { type Command, effectiveRoute, emptyLandscape, type EffectiveRoute, type Landscape } from '@base-kv/landscape'
import { type Decision, decide, type Look, type Seat } from './decide.ts'
import { type Decided, DecisionLog } from './decision-log.ts'
import type { BalancerFactory } from './factory.ts'
import { RangeGuards } from './range-guards.ts'
import { effectiveRules, problemsOf, type Rules } from './rules.ts'
import { healthOf, lookAt, type StoreHistory } from './store-history.ts'

export type CommandResult = { readonly done: true } | { readonly done: false; readonly why: string }

export interface ControllerDoors {
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  /** Has the command carried out by the local store. Answers exactly once, whatever happens, in bounded time. */
  readonly execute: (command: Command, answer: (result: CommandResult) => void) => void
}

/** What the configuration says of a balancer. */
export interface Configured {
  readonly factory: BalancerFactory
  readonly isDisabled: boolean
  /** Without problems; need not name every rule. */
  readonly rules: Rules
}

/** What operators laid over it. */
export interface Override {
  /** Absent: as configured. */
  readonly disable?: boolean
  /** Need not be allowed: another version of the program may have let them in. What is not, does not hold. */
  readonly rules: Readonly<Record<string, unknown>>
}

export interface BalancerStatus {
  readonly disable: boolean
  readonly loadRules: Rules
}

export interface ControllerOptions {
  readonly local: StoreId
  /** In the order in which they are asked (`FactoryRegistry.of`). */
  readonly balancers: readonly Configured[]
  readonly commandsMax?: number
  readonly pauseMs?: number
  readonly jitterMs?: number
}

const PAUSE_MS = 200
const JITTER_MS = 300
/** Longer waits are not worth a timer that overflows. */
const WAIT_MAX_MS = 3_600_000

export class Controller {
  readonly #options: Required<ControllerOptions>
  readonly #doors: ControllerDoors
  readonly #guards = new RangeGuards()
  readonly #log = new DecisionLog()
  #seats: readonly Seat[]
  #landscape: Landscape = emptyLandscape
  /** Of `#landscape`; null until a look needs it. */
  #route: EffectiveRoute | null = null
  #history: StoreHistory | null = null
  #next: { readonly dueMs: number; readonly cancel: () => void } | null = null
  /** Rules that do not hold, and were said. */
  #refused: ReadonlySet<string> = new Set()
  #isStopped = false

  constructor(options: ControllerOptions, doors: ControllerDoors) {
    this.#options = { commandsMax: limits.balancingCommandsMax, pauseMs: PAUSE_MS, jitterMs: JITTER_MS, ...options }
    this.#doors = doors
    this.#seats = options.balancers.map((configured) => {
      const balancer = configured.factory.make()
      return { ...standing(configured), balancer, state: balancer.initial }
    })
  }

  /** What the cluster looks like now, as far as this node knows. */
  landscape(landscape: Landscape): void {
    const nowMs = this.#doors.clock.monotonicMs()
    this.#landscape = landscape
    this.#route = null
    this.#history = lookAt(this.#history, landscape, nowMs)
    this.#guards.prune(landscape, this.#options.local, nowMs)
    this.#lookSoon()
  }

  /** @param overrides all that hold, by class name */
  overrides(overrides: ReadonlyMap<string, Override>): void {
    const refused = new Set<string>()
    this.#seats = this.#seats.map((seat, i) => {
      const configured = this.#options.balancers[i] as Configured
      const override = seat.factory.isBuiltin ? undefined : overrides.get(seat.factory.className)
      if (override === undefined) return { ...seat, ...standing(configured) }
      for (const { key, given, allowed } of problemsOf(seat.factory.specs, override.rules)) {
        const reason = `${key} is ${given}; allowed is ${allowed}`
        refused.add(`${seat.factory.className} ${reason}`)
        if (this.#refused.has(`${seat.factory.className} ${reason}`)) continue
        this.#note(seat.factory.className, 'refused', null, reason)
      }
      return { ...seat, ...standing(configured, override) }
    })
    this.#refused = refused
    this.#lookSoon()
  }

  /** Of all that can be named, by class name. */
  states(): ReadonlyMap<string, BalancerStatus> {
    const addressable = this.#seats.filter(({ factory }) => !factory.isBuiltin)
    return new Map(
      addressable.map(({ factory, isDisabled, rules }) => [
        factory.className,
        { disable: isDisabled, loadRules: rules },
      ]),
    )
  }

  /** What a look would decide at this moment. Changes nothing. */
  plan(): readonly Decision[] {
    return this.#decide().decisions
  }

  /** The oldest first. */
  decided(): readonly Decided[] {
    return this.#log.decided
  }

  /** Commands under way are left to end by themselves. */
  stop(): void {
    this.#isStopped = true
    this.#next?.cancel()
    this.#next = null
  }

  #lookSoon(): void {
    this.#lookIn(this.#options.pauseMs + this.#doors.random.below(this.#options.jitterMs + 1))
  }

  /** Unless one is due before that. */
  #lookIn(afterMs: number): void {
    if (this.#isStopped || this.#history === null) return
    const delayMs = Math.min(WAIT_MAX_MS, Math.max(this.#options.pauseMs, afterMs))
    const dueMs = this.#doors.clock.monotonicMs() + delayMs
    if (this.#next !== null && this.#next.dueMs <= dueMs) return
    this.#next?.cancel()
    this.#next = { dueMs, cancel: this.#doors.timers.after(delayMs, () => this.#look()) }
  }

  #decide(): Look {
    const nowMs = this.#doors.clock.monotonicMs()
    this.#route ??= effectiveRoute(this.#landscape)
    return decide(this.#seats, {
      landscape: this.#landscape,
      route: this.#route,
      health: healthOf(this.#history ?? new Map(), nowMs),
      local: this.#options.local,
      nowMs,
      guards: this.#guards,
      places: this.#options.commandsMax - this.#guards.underWay,
    })
  }

  #look(): void {
    this.#next = null
    const { states, decisions, waitMs } = this.#decide()
    const route = this.#route ?? []
    this.#seats = this.#seats.map((seat, i) => ({ ...seat, state: states[i] }))
    this.#log.addLook(decisions, this.#doors.clock.wallMs())
    for (const { balancer, verdict, command } of decisions) {
      if (verdict === 'issue' && command !== null) this.#issue(balancer, command, route)
    }
    if (waitMs !== null) this.#lookIn(waitMs)
  }

  /** @param route over which the command was decided: news may arrive while commands are given */
  #issue(balancer: string, command: Command, route: EffectiveRoute): void {
    const term = route.find(({ range }) => range.id === command.range)?.range.term
    assert(term !== undefined, 'only ranges that are led here are moved')
    this.#guards.begin(command)
    let isAnswered = false
    this.#doors.execute(command, (result) => {
      assert(!isAnswered, 'a command ends once')
      isAnswered = true
      const nowMs = this.#doors.clock.monotonicMs()
      if (result.done) {
        this.#guards.accepted(balancer, command, term, nowMs)
        this.#note(balancer, 'done', command, 'carried out')
      } else {
        const pauseMs = this.#guards.failed(balancer, command, nowMs)
        this.#note(balancer, 'failed', command, `${result.why}; again in ${pauseMs} ms at the earliest`)
      }
      this.#lookSoon()
    })
  }

  #note(balancer: string, what: Decided['what'], command: Command | null, reason: string): void {
    this.#log.add({ atWallMs: this.#doors.clock.wallMs(), balancer, what, command, reason })
  }
}

/** What holds for a balancer: the factory's defaults, below the configuration, below the operators. */
function standing({ factory, isDisabled, rules }: Configured, override?: Override) {
  const { specs } = factory
  const allowed = Object.entries(override?.rules ?? {}).filter(
    ([key, value]) => problemsOf(specs, { [key]: value }).length === 0,
  ) as [string, number][]
  return {
    factory,
    isDisabled: override?.disable ?? isDisabled,
    rules: { ...effectiveRules(specs, rules), ...Object.fromEntries(allowed) },
  }
}
