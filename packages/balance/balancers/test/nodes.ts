/**
 * A controller for each store of a model cluster. What a store says reaches the others late, each at another time; commands
 * take a moment. Notes every command that was accepted, and whether a plan asked for just before said the same.
 */
import type { Command, Landscape, StoreDescriptor } from '@base-kv/landscape'
import { landscapeOf } from '@base-kv/landscape'
import { Controller, type ControllerDoors, FactoryRegistry, initialRules } from '@base-kv/runtime'
import { builtInFactories } from '../src/index.ts'
import { type Model, store } from './model.ts'
import { Chance, VirtualTime } from './virtual-time.ts'

const STEP_MS = 500

export interface Accepted {
  readonly atMs: number
  readonly command: Command
}

interface Node {
  readonly controller: Controller
  /** Step of which each store's words are known here. */
  readonly seen: Map<number, number>
  told: string
}

export class Nodes {
  readonly time = new VirtualTime()
  readonly accepted: Accepted[] = []
  readonly refused: Command[] = []
  /** Pairs of what a plan said and what was then issued. */
  readonly planned: { readonly plan: readonly Command[]; readonly issued: readonly Command[] }[] = []
  readonly #model: Model
  readonly #chance: Chance
  readonly #delaySteps: number
  readonly #enabled: readonly string[]
  readonly #nodes = new Map<number, Node>()
  readonly #snapshots: ReadonlyMap<number, StoreDescriptor>[] = []

  /** @param delaySteps of half a second each; `enabled`: balancers that are off by default */
  constructor(
    model: Model,
    { seed, delaySteps, enabled = [] }: { seed: number; delaySteps: number; enabled?: string[] },
  ) {
    this.#model = model
    this.#chance = new Chance(seed)
    this.#delaySteps = delaySteps
    this.#enabled = enabled
  }

  run(ms: number): void {
    for (let at = 0; at < ms; at += STEP_MS) {
      this.#model.nowMs = this.time.monotonicMs()
      const landscape = this.#model.landscape()
      this.#snapshots.push(new Map(landscape.stores.map((one) => [Number(one.id.slice(-12)), one])))
      for (const [n, { controller }] of this.#nodes) {
        if (this.#model.stores.has(n)) continue
        controller.stop()
        this.#nodes.delete(n)
      }
      for (const n of this.#model.stores.keys()) this.#tell(n)
      this.time.advance(STEP_MS)
    }
  }

  /** Until nothing has been accepted for so long. */
  settle(quietMs: number): void {
    for (let rounds = 0; rounds < 100; rounds++) {
      const before = this.accepted.length
      this.run(quietMs)
      if (this.accepted.length === before) return
    }
    throw new Error('never settles')
  }

  controller(n: number): Controller {
    return this.#node(n).controller
  }

  #tell(n: number): void {
    const node = this.#node(n)
    const now = this.#snapshots.length - 1
    const stores: StoreDescriptor[] = []
    for (let s = 1; s <= 10; s++) {
      const late = s === n ? 0 : this.#chance.below(this.#delaySteps + 1)
      const step = Math.max(node.seen.get(s) ?? 0, now - late)
      node.seen.set(s, step)
      const descriptor = this.#snapshots[step]?.get(s)
      if (descriptor !== undefined) stores.push(descriptor)
    }
    const landscape: Landscape = landscapeOf(stores)
    const told = JSON.stringify(landscape, (_key, value) => (typeof value === 'bigint' ? `${value}` : value))
    if (told === node.told) return
    node.told = told
    node.controller.landscape(landscape)
  }

  #node(n: number): Node {
    const known = this.#nodes.get(n)
    if (known !== undefined) return known
    let issued: Command[] | null = null
    const execute: ControllerDoors['execute'] = (command, answer) => {
      issued?.push(command)
      this.time.after(1 + this.#chance.below(300), () => {
        const isDone = this.#model.carryOut(command)
        if (isDone) this.accepted.push({ atMs: this.time.monotonicMs(), command })
        else this.refused.push(command)
        answer(isDone ? { done: true } : { done: false, why: 'BadVersion' })
      })
    }
    const timers: ControllerDoors['timers'] = {
      // The only timer of a controller is its next look.
      after: (delayMs, look) =>
        this.time.after(delayMs, () => {
          const plan = controller
            .plan()
            .flatMap(({ verdict, command }) => (verdict === 'issue' && command ? [command] : []))
          issued = []
          look()
          this.planned.push({ plan, issued })
          issued = null
        }),
    }
    const balancers = new FactoryRegistry(builtInFactories(2)).of('kv.store').map((factory) => ({
      factory,
      isDisabled: !factory.isEnabledByDefault && !this.#enabled.includes(factory.shortName),
      rules: initialRules(factory.specs),
    }))
    const controller = new Controller(
      { local: store(n), balancers },
      { clock: this.time, random: this.#chance, timers, execute },
    )
    const node = { controller, seen: new Map<number, number>(), told: '' }
    this.#nodes.set(n, node)
    return node
  }
}
