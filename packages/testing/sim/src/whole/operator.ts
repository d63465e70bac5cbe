/** Whoever manages the cluster: splits ranges, moves replicas and leaders at random, and replaces stores that are gone. */
import { contains, KvError, type RangeId, type StoreId } from '@base-kv/base'
import type { Range } from '@base-kv/range'
import type { Prng } from '../prng.ts'
import type { KeyBook } from './key-book.ts'
import type { Machine } from './machine.ts'
import { shortStore } from './store-names.ts'
import type { World } from './world.ts'

interface Led {
  readonly machine: Machine
  readonly range: Range
}

export class Operator {
  readonly #world: World
  readonly #prng: Prng
  readonly #book: KeyBook
  #isStopped = false

  constructor(world: World, prng: Prng, book: KeyBook) {
    this.#world = world
    this.#prng = prng
    this.#book = book
  }

  begin(): void {
    const { faults, manageGapMs } = this.#world.plan
    if (faults.has('split')) this.#repeat(manageGapMs, () => this.#split())
    if (faults.has('merge')) this.#repeat(manageGapMs, () => this.#merge())
    if (faults.has('move')) this.#repeat(manageGapMs, () => this.#move())
    if (faults.has('transfer')) this.#repeat(manageGapMs, () => this.#transfer())
    this.#repeatFor(this.#world.plan.raft.electionTimeoutMs * 4, () => this.#replaceDead())
  }

  /** Nothing is changed for its own sake any more; what is gone is still replaced. */
  stop(): void {
    this.#isStopped = true
  }

  #repeat(gapMs: number, act: () => void): void {
    this.#world.heap.after(this.#prng.gap(gapMs), () => {
      if (this.#isStopped) return
      act()
      this.#repeat(gapMs, act)
    })
  }

  #repeatFor(gapMs: number, act: () => void): void {
    this.#world.heap.after(gapMs, () => {
      act()
      this.#repeatFor(gapMs, act)
    })
  }

  /** Those that lead by their own account. */
  #led(): Led[] {
    return this.#world.machines.flatMap((machine) =>
      [...(machine.up?.store?.ranges ?? [])].flatMap((range) => (range.isLeader ? [{ machine, range }] : [])),
    )
  }

  #any(): Led | undefined {
    const led = this.#led()
    return led.length > 0 ? this.#prng.pick(led) : undefined
  }

  #split(): void {
    const one = this.#any()
    if (!one || this.#led().length >= this.#world.plan.rangesMax) return
    // Two calls at once now and then.
    for (let left = this.#prng.chance(0.2) ? 2 : 1; left > 0; left--) this.#splitAnywhere(one)
  }

  #splitAnywhere({ range, machine }: Led): void {
    const key = Buffer.from(
      this.#prng.chance(0.8) ? this.#book.key(this.#prng.below(this.#book.count)) : `k${this.#prng.below(99)}`,
    )
    if (!range.boundary || !contains(range.boundary, key)) return
    // Now and then what the caller knows of the range is old.
    const ver = this.#prng.chance(0.1)
      ? { high: range.ver.high, low: Math.max(0, range.ver.low + this.#prng.integer(-1, 1)) }
      : undefined
    this.#world.coverage.add('split')
    this.#carryOut(machine, `split ${range.id} ${key.toString()}`, range.split(key, ver), () =>
      this.#world.coverage.add('splitDone'),
    )
  }

  #merge(): void {
    const one = this.#any()
    const end = one?.range.boundary?.end
    const store = one?.machine.up?.store
    const right = end && store?.rangeOf(end)
    if (!one || !store || !right) return
    const { config } = one.range.describe()
    const other = this.#led().find(({ range }) => range.id === right.id)
    const there = other?.range.describe().config
    const isAlike =
      there &&
      config.voters.toSorted().join() === there.voters.toSorted().join() &&
      config.learners.toSorted().join() === there.learners.toSorted().join()
    if (other && !isAlike && this.#prng.chance(0.7)) {
      this.#change(other, config.voters, config.learners, () => this.#join(one, right.id))
      return
    }
    this.#join(one, right.id)
  }

  #join({ machine, range }: Led, right: RangeId): void {
    const store = machine.up?.store
    if (store?.range(range.id) !== range) return
    this.#world.coverage.add('merge')
    this.#carryOut(
      machine,
      `merge ${range.id} ${right}`,
      store.merge(range, right),
      () => this.#world.coverage.add('mergeDone'),
      () => this.#world.coverage.add('mergeCancelled'),
    )
  }

  #move(): void {
    const one = this.#any()
    if (!one) return
    const { range, machine } = one
    const order = this.#prng.shuffled(this.#world.machines.map(({ store }) => store))
    const count = Math.min(order.length, this.#prng.pick([1, 2, 3, 3, 3, 3, 5]))
    const voters = order.slice(0, count)
    const learners = order.slice(count).filter(() => this.#prng.chance(0.2))
    this.#world.coverage.add('move')
    this.#change({ range, machine }, voters, learners)
  }

  #change(
    { range, machine }: Led,
    voters: readonly StoreId[],
    learners: readonly StoreId[],
    then: () => void = () => {},
  ): void {
    const what = `members ${range.id} ${voters.map(shortStore).join(',')}+${learners.map(shortStore).join(',')}`
    this.#carryOut(machine, what, range.changeReplicas({ voters, learners }), () => {
      this.#world.coverage.add('moveDone')
      then()
    })
  }

  #transfer(): void {
    const one = this.#any()
    if (!one) return
    const target = this.#prng.pick(this.#world.machines).store
    this.#world.coverage.add('transfer')
    try {
      one.range.transferLeader(target)
      this.#world.trace.add('transfer', one.machine.number, one.range.id, shortStore(target))
    } catch (thrown) {
      if (!(thrown instanceof KvError)) throw thrown
    }
  }

  /** Stores whose disk is gone never come back: another one takes their place. */
  #replaceDead(): void {
    const dead = new Set(this.#world.machines.flatMap((machine) => machine.dead))
    if (dead.size === 0) return
    for (const one of this.#led()) {
      const { config } = one.range.describe()
      if (config.nextVoters.length > 0) continue
      if (![...config.voters, ...config.learners].some((store) => dead.has(store))) continue
      const learners = config.learners.filter((store) => !dead.has(store))
      const voters = config.voters.filter((store) => !dead.has(store))
      const free = this.#world.machines
        .map(({ store }) => store)
        .filter((store) => !voters.includes(store) && !learners.includes(store))
      const heir = this.#prng.shuffled(free)[0]
      if (heir && voters.length < config.voters.length) voters.push(heir)
      this.#world.coverage.add('storeReplaced')
      this.#change(one, voters, learners)
    }
  }

  #carryOut(
    machine: Machine,
    what: string,
    work: Promise<unknown>,
    done: () => void,
    refused: () => void = () => {},
  ): void {
    const { trace } = this.#world
    trace.add('manage', machine.number, what)
    work.then(
      () => {
        trace.add('managed', machine.number, what)
        done()
      },
      (thrown: unknown) => {
        if (!(thrown instanceof KvError)) throw thrown
        trace.add('managed', machine.number, what, thrown.code, thrown.message)
        refused()
      },
    )
  }
}
