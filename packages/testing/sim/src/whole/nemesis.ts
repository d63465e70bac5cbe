/** Does to the cluster what the seed's plan allows, each kind of fault on a clock of its own, until it is stopped. */
import type { Prng } from '../prng.ts'
import type { StoreFault } from './coverage.ts'
import type { Machine } from './machine.ts'
import type { Connections } from './wires.ts'
import type { World } from './world.ts'

export class StoreNemesis {
  readonly #world: World
  readonly #prng: Prng
  readonly #connections: Connections
  #isStopped = false

  constructor(world: World, prng: Prng, connections: Connections) {
    this.#world = world
    this.#prng = prng
    this.#connections = connections
    world.crashed = (machine) => this.#restartLater(machine)
    world.reshaped = (machine) => this.#crashAfterReshaping(machine)
  }

  begin(): void {
    const all: Partial<Record<StoreFault, () => void>> = {
      isolate: () => this.#isolate(),
      halves: () => this.#halves(),
      oneWay: () => this.#oneWay(),
      connectionReset: () => this.#reset(),
      crash: () => this.#any()?.crash('kill'),
      crashAtEffect: () => this.#crashAtEffect(),
      crashAll: () => this.#crashAll(),
      restart: () => this.#restart(),
      wipe: () => this.#wipe(),
      diskError: () => this.#diskError(),
      slowDisk: () => this.#slowDisk(),
      hungDisk: () => this.#hungDisk(),
      pause: () => this.#pause(),
      drift: () => this.#drift(),
      wallJump: () => this.#wallJump(),
    }
    for (const [name, act] of Object.entries(all)) {
      const { faults, faultGapMs } = this.#world.plan
      if (faults.has(name as StoreFault))
        this.#repeat(name as StoreFault, faultGapMs * (name === 'crashAll' ? 4 : 1), act)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#world.calm = true
    this.#world.network.calm = true
    this.#world.network.mendAll()
    for (const machine of this.#world.machines) {
      machine.failNext = false
      machine.hungUntilMs = 0
      machine.syncMs = this.#world.plan.syncMs
      machine.effectsUntilCrash = 0
      machine.resume()
      if (!machine.process) machine.start()
    }
  }

  #repeat(name: StoreFault, gapMs: number, act: () => void): void {
    this.#world.heap.after(this.#prng.gap(gapMs), () => {
      if (this.#isStopped) return
      this.#world.trace.add('fault', name)
      if (name !== 'crashAtEffect' && name !== 'wipe') this.#world.coverage.add(name)
      act()
      this.#repeat(name, gapMs, act)
    })
  }

  /** In election timeouts. What was begun is also ended, unless all has ended before. */
  #after(timeouts: number, run: () => void): void {
    this.#world.heap.after(timeouts * this.#prng.between(0.3, 1.2) * this.#world.plan.raft.electionTimeoutMs, () => {
      if (!this.#isStopped) run()
    })
  }

  #restartLater(machine: Machine): void {
    this.#connections.died(machine.number)
    if (this.#isStopped) {
      this.#world.heap.after(10, () => {
        if (!machine.process) machine.start()
      })
      return
    }
    this.#after(this.#prng.pick([0.05, 0.5, 2, 6]), () => {
      if (!machine.process) machine.start()
    })
  }

  #any(): Machine | undefined {
    const up = this.#world.machines.filter((machine) => machine.process)
    return up.length > 0 ? this.#prng.pick(up) : undefined
  }

  #cut(links: readonly (readonly [number, number])[]): void {
    const { network } = this.#world
    for (const [from, to] of links) network.cut(from, to)
    this.#after(this.#prng.pick([0.5, 2, 5, 10]), () => {
      for (const [from, to] of links) network.mend(from, to)
    })
  }

  #pairs(): [number, number][] {
    const numbers = this.#world.machines.map(({ number }) => number)
    return numbers.flatMap((a) => numbers.flatMap((b): [number, number][] => (a === b ? [] : [[a, b]])))
  }

  #isolate(): void {
    const number = this.#prng.below(this.#world.machines.length)
    this.#cut(this.#pairs().filter((pair) => pair.includes(number)))
  }

  #halves(): void {
    const side = this.#world.machines.map(() => this.#prng.chance(0.5))
    this.#cut(this.#pairs().filter(([from, to]) => side[from] !== side[to]))
  }

  #oneWay(): void {
    const number = this.#prng.below(this.#world.machines.length)
    const isDeaf = this.#prng.chance(0.5)
    this.#cut(this.#pairs().filter(([from, to]) => (isDeaf ? to : from) === number))
  }

  #reset(): void {
    const pairs = this.#pairs()
    if (pairs.length === 0) return
    const [from, to] = this.#prng.pick(pairs)
    this.#connections.reset(from, to)
  }

  #crashAtEffect(): void {
    const machine = this.#any()
    if (machine) machine.effectsUntilCrash = this.#prng.integer(1, 30)
  }

  /** In the moments in which a split or merge is here and there on disk, and elsewhere not. */
  #crashAfterReshaping(machine: Machine): void {
    if (this.#isStopped || !this.#world.plan.faults.has('crashAtEffect')) return
    if (this.#prng.chance(0.2)) machine.effectsUntilCrash = this.#prng.integer(1, 12)
    if (!this.#prng.chance(0.1)) return
    for (const other of this.#world.machines) other.effectsUntilCrash = this.#prng.integer(1, 12)
  }

  #crashAll(): void {
    for (const machine of this.#world.machines) if (machine.process) machine.crash('kill all')
  }

  #restart(): void {
    const machine = this.#any()
    if (machine?.up) void machine.stop()
  }

  /**
   * Only when nothing can be lost by it: no range may have this store among fewer than three voters, in any configuration
   * that stands in some log, and no other disk is missed already.
   */
  #wipe(): void {
    const { machines, trace, coverage } = this.#world
    const machine = this.#any()
    if (!machine || machines.some((other) => !other.up)) return
    const gone = new Set(machines.flatMap(({ dead }) => dead))
    for (const { up } of machines) {
      for (const { config } of up?.store?.describe().ranges ?? []) {
        for (const voters of [config.voters, config.nextVoters]) {
          if (voters.some((store) => gone.has(store))) return
          if (voters.includes(machine.store) && voters.length < 3) return
        }
        if ([...config.learners, ...config.nextLearners].some((store) => gone.has(store))) return
      }
    }
    machine.crash('wipe')
    machine.wipe()
    coverage.add('wipe')
    trace.add('wiped', machine.number)
  }

  #diskError(): void {
    const machine = this.#any()
    if (machine) machine.failNext = true
  }

  #slowDisk(): void {
    const machine = this.#any()
    if (!machine) return
    machine.syncMs = this.#prng.pick([0.05, 0.2, 0.6]) * this.#world.plan.raft.electionTimeoutMs
    this.#after(this.#prng.pick([2, 6]), () => (machine.syncMs = this.#world.plan.syncMs))
  }

  #hungDisk(): void {
    const machine = this.#any()
    if (machine)
      machine.hungUntilMs = this.#world.heap.now + this.#prng.between(0.5, 6) * this.#world.plan.raft.electionTimeoutMs
  }

  #pause(): void {
    const machine = this.#any()
    if (!machine || machine.isPaused) return
    machine.pause()
    this.#after(this.#prng.pick([0.3, 1, 3, 8]), () => machine.resume())
  }

  #drift(): void {
    const { drift } = this.#world.plan
    this.#any()?.clock.setRate(this.#prng.between(1 - drift, 1 + drift))
  }

  #wallJump(): void {
    const machine = this.#any()
    if (machine) machine.wallSkewMs += this.#prng.between(-1, 1) * 3_600_000
  }
}
