/**
 * One seed, one run of whole stores: a cluster with clients and somebody who manages it, under the faults that the seed
 * draws, watched after every event; then peace, and everything must become whole. All is decided by the seed.
 *
 * Stores use promises. Between two events the loop lets every microtask run until none is left: nothing in a store waits
 * for anything but microtasks and the doors, so what happens next is always an event of the heap.
 */
import { AssertionError } from '@base-kv/base'
import { checkLinearizability, type RegisterOperation } from '@base-kv/test-kit'
import { Violation } from '../checkers/violation.ts'
import { EventHeap } from '../event-heap.ts'
import { LocalClock } from '../local-clock.ts'
import { Network } from '../network.ts'
import { Prng } from '../prng.ts'
import { Trace } from '../trace.ts'
import { where } from '../where.ts'
import { Client, type Records } from './client.ts'
import { StoreCoverage } from './coverage.ts'
import { KeyBook } from './key-book.ts'
import { Lists } from './lists.ts'
import { Machine } from './machine.ts'
import { StoreNemesis } from './nemesis.ts'
import { Operator } from './operator.ts'
import { Ownership } from './ownership.ts'
import { drawPlan, type Plan } from './plan.ts'
import { Prober } from './prober.ts'
import { Replicas } from './replicas.ts'
import { Wholeness } from './wholeness.ts'
import { Connections, transportOf } from './wires.ts'
import type { Packet, World } from './world.ts'

export interface StoresResult {
  readonly seed: number
  readonly violation: { readonly checker: string; readonly message: string; readonly atMs: number } | null
  readonly hash: string
  readonly events: number
  readonly simulatedMs: number
  /** From the end of the faults until everything was whole, in election timeouts. */
  readonly recoveryTimeouts: number
  readonly operations: number
  readonly comparisons: number
  readonly ranges: number
  readonly coverage: StoreCoverage['counts']
}

/** A change of members waits ten minutes for a store that says nothing before it gives up. */
const recoveryMsMax = 20 * 60_000
const eventsMax = 2_000_000
const places = 12

/** @param write gets the trace, line by line. */
export function runStoresSeed(seed: number, write: ((line: string) => void) | null = null): Promise<StoresResult> {
  return new StoresRun(seed, write).run()
}

class StoresRun {
  readonly #seed: number
  readonly #prng: Prng
  readonly #plan: Plan
  readonly #heap = new EventHeap()
  readonly #trace: Trace
  readonly #coverage = new StoreCoverage()
  readonly #world: World
  readonly #ownership = new Ownership()
  readonly #replicas: Replicas
  readonly #records: Records
  readonly #lists = new Lists()
  readonly #registers: RegisterOperation[] = []
  readonly #book = new KeyBook(places)
  readonly #connections: Connections
  // Thrown where nobody could catch it.
  #thrown: unknown = null

  constructor(seed: number, write: ((line: string) => void) | null) {
    this.#seed = seed
    this.#prng = new Prng(seed)
    this.#plan = drawPlan(this.#prng.fork())
    this.#trace = new Trace(this.#heap, write)
    const machines: Machine[] = []
    const network = new Network<Packet>(this.#plan, {
      prng: this.#prng.fork(),
      after: (delayMs, run) => this.#heap.after(delayMs, run),
      worldNowMs: () => this.#heap.now,
      coverage: this.#coverage,
      deliver: (to, packet) => {
        const process = machines[to]?.process
        process?.enter(() => packet(process))
      },
    })
    this.#world = {
      plan: this.#plan,
      heap: this.#heap,
      trace: this.#trace,
      coverage: this.#coverage,
      machines,
      network,
      calm: false,
      endedAt: -1,
      crashed: () => {},
      reshaped: () => {},
    }
    this.#replicas = new Replicas(this.#ownership, this.#coverage)
    this.#connections = new Connections(this.#world, this.#prng.fork())
    this.#records = { book: this.#book, lists: this.#lists, registers: this.#registers }
    if (write)
      write(
        `seed ${seed} faults ${[...this.#plan.faults].join(',')} ${JSON.stringify({ ...this.#plan, faults: undefined })}`,
      )
  }

  async run(): Promise<StoresResult> {
    let violation: StoresResult['violation'] = null
    let recoveryTimeouts = 0
    const noted = (thrown: unknown): void => {
      this.#thrown ??= thrown
    }
    process.on('unhandledRejection', noted)
    process.on('uncaughtException', noted)
    try {
      recoveryTimeouts = await this.#live()
    } catch (thrown) {
      violation = explain(thrown, this.#heap.now)
      this.#trace.add('violation', violation.checker, violation.message)
    } finally {
      process.off('unhandledRejection', noted)
      process.off('uncaughtException', noted)
    }
    return {
      seed: this.#seed,
      violation,
      hash: this.#trace.hash,
      events: this.#heap.count,
      simulatedMs: this.#heap.now,
      recoveryTimeouts,
      operations: this.#registers.length + this.#lists.count,
      comparisons: this.#replicas.comparisons,
      ranges: this.#ownership.ranges.length,
      coverage: this.#coverage.counts,
    }
  }

  async #live(): Promise<number> {
    const { machines, heap, plan } = { machines: this.#world.machines, heap: this.#heap, plan: this.#plan }
    for (let number = 0; number < plan.stores; number++) machines.push(this.#machine(number))
    const nemesis = new StoreNemesis(this.#world, this.#prng.fork(), this.#connections)
    const operator = new Operator(this.#world, this.#prng.fork(), this.#book)
    this.#connections.begin()
    for (const machine of machines) machine.start()
    await this.#until(20 * plan.raft.electionTimeoutMs, () => machines.every(({ up }) => up))
    const founders = machines.slice(0, plan.voters).map(({ store }) => store)
    void machines[0]?.up?.store?.bootstrap(founders)
    await this.#until(20 * plan.raft.electionTimeoutMs, () =>
      this.#ownership.serving.some(({ state }) => state.confirmed),
    )
    const clients = Array.from(
      { length: plan.clients },
      (_, number) => new Client(this.#world, `c${number}`, this.#prng.fork(), this.#records),
    )
    for (const client of clients) client.begin()
    nemesis.begin()
    operator.begin()
    const prober = new Prober(this.#world, this.#prng.fork(), this.#records)
    prober.begin()
    await this.#runUntil(heap.now + plan.faultyMs)
    this.#trace.add('calm')
    for (const client of clients) client.stop()
    prober.stop()
    nemesis.stop()
    operator.stop()
    const recovery = await this.#recover()
    await this.#replicas.compare(machines)
    for (const client of clients) client.giveUp()
    const { flaws, undecided } = checkLinearizability(this.#registers)
    const [flaw] = flaws
    if (flaw !== undefined) throw new Violation('linearizable', flaw)
    if (undecided.length > 0) throw new Violation('linearizable', `too much at once to decide: ${undecided.join(', ')}`)
    return recovery
  }

  async #recover(): Promise<number> {
    const { heap } = this
    const { electionTimeoutMs } = this.#plan.raft
    const whole = new Wholeness(this.#world, this.#ownership, this.#records, this.#prng.fork())
    const begunMs = heap.now
    for (;;) {
      const missing = whole.missing()
      const timeouts = (heap.now - begunMs) / electionTimeoutMs
      if (missing === null) return timeouts
      if (heap.now - begunMs > recoveryMsMax)
        throw new Violation('progress', `faults are over, still missing: ${missing}. ${whole.text}`)
      await this.#runUntil(heap.now + electionTimeoutMs)
    }
  }

  get heap(): EventHeap {
    return this.#heap
  }

  #machine(number: number): Machine {
    const { drift } = this.#plan
    const clock = new LocalClock(this.#heap, this.#prng.between(1 - drift, 1 + drift), this.#prng.between(0, 1_000_000))
    return new Machine(this.#world, number, clock, {
      prng: this.#prng.fork(),
      transportOf: (process) => transportOf(process, this.#world),
      watched: (machine, storage) => this.#replicas.watch(machine, storage),
    })
  }

  async #until(withinMs: number, done: () => boolean): Promise<void> {
    const lastMs = this.#heap.now + withinMs
    while (!done()) {
      if (this.#heap.now >= lastMs) throw new Violation('progress', 'the cluster does not begin')
      await this.#runUntil(this.#heap.now + 5)
    }
  }

  #runNext(untilMs: number): boolean {
    try {
      return this.#heap.runNext(untilMs)
    } catch (thrown) {
      this.#thrown ??= thrown
      return true
    }
  }

  async #runUntil(untilMs: number): Promise<void> {
    let compareMs = this.#heap.now + 2 * this.#plan.raft.electionTimeoutMs
    while (this.#runNext(untilMs)) {
      await quiescence()
      if (this.#thrown !== null && this.#world.endedAt !== this.#heap.count) throw this.#thrown
      this.#thrown = null
      this.#replicas.look(this.#world.machines)
      if (this.#heap.now >= compareMs) {
        compareMs = this.#heap.now + 2 * this.#plan.raft.electionTimeoutMs
        await this.#replicas.compare(this.#world.machines)
      }
      if (this.#heap.count > eventsMax) throw new Violation('runaway', `${eventsMax} events and no end`)
    }
  }
}

/** Resolves when no microtask is left. */
const quiescence = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function explain(thrown: unknown, atMs: number): NonNullable<StoresResult['violation']> {
  if (thrown instanceof Violation) return { checker: thrown.checker, message: thrown.message, atMs }
  if (thrown instanceof AssertionError)
    return { checker: 'assertion', message: `${thrown.message}${where(thrown)}`, atMs }
  if (thrown instanceof Error) return { checker: 'exception', message: `${thrown.message}${where(thrown)}`, atMs }
  return { checker: 'exception', message: String(thrown), atMs }
}
