/**
 * A cluster as balancers see it, with commands carried out at once and by the book. What is not told is healthy: stores
 * have room, members follow closely.
 */
import { hostId, logIndex, rangeId, type StoreId, storeId, term, wholeKeySpace } from '@base-kv/base'
import {
  type Command,
  effectiveRoute,
  type Landscape,
  landscapeOf,
  type RangeDescriptor,
  type SplitHint,
  type StoreDescriptor,
} from '@base-kv/landscape'
import { type Balancer, healthOf, lookAt, type Outcome, type Rules, type StoreHistory } from '@base-kv/runtime'

/** Store number `n`; ids sort as the numbers do. */
export const store = (n: number): StoreId => storeId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)

export interface ModelRange {
  readonly id: number
  leader: number
  voters: number[]
  learners: number[]
  /** Low and high half of its version. */
  ver: number
  high: number
  term: number
  hints: SplitHint[]
  size: number
  /** Boundary, as keys of text; '' is open. */
  start: string
  end: string
}

export interface ModelStore {
  zone?: string
  cpu: number
  stalledMs: number
  free: number
  run: number
}

export class Model {
  readonly stores = new Map<number, ModelStore>()
  readonly ranges: ModelRange[] = []
  /** Members that do not follow: `range/store`. */
  readonly behind = new Set<string>()
  /** Replicas that a live store does not have: `range/store`. */
  readonly lost = new Set<string>()
  nowMs = 1_000_000
  #nextRange = 1

  constructor(stores: number) {
    for (let n = 1; n <= stores; n++) this.addStore(n)
  }

  addStore(n: number, zone?: string): void {
    const old = this.stores.get(n)
    this.stores.set(n, { cpu: 0.1, stalledMs: 0, free: 1, run: (old?.run ?? 0) + 1, ...(zone ? { zone } : {}) })
  }

  /** Ranges over even parts of the key space, with these voters each; the first leads. */
  addRanges(count: number, members: (i: number) => number[], learners: (i: number) => number[] = () => []): void {
    const edge = (i: number) => (i === 0 || i === count ? '' : String(i).padStart(6, '0'))
    for (let i = 0; i < count; i++) {
      const voters = members(i)
      this.ranges.push({
        id: this.#nextRange++,
        leader: voters[0] as number,
        voters,
        learners: learners(i),
        ver: 0,
        high: 1,
        term: 1,
        hints: [],
        size: 0,
        start: edge(i),
        end: edge(i + 1),
      })
    }
  }

  range(id: number): ModelRange {
    const range = this.ranges.find((one) => one.id === id)
    if (range === undefined) throw new Error(`no range ${id}`)
    return range
  }

  /** A store is gone; another voter of what it led takes over where a majority is left. */
  kill(n: number): void {
    this.stores.delete(n)
    for (const range of this.ranges) {
      if (range.leader === n) this.#elect(range)
    }
  }

  #elect(range: ModelRange): void {
    const live = range.voters.filter((one) => this.stores.has(one))
    range.leader = live.length * 2 > range.voters.length ? (live[0] as number) : 0
    range.term++
  }

  healthyVoters({ voters }: ModelRange): number {
    return voters.filter((n) => this.stores.has(n)).length
  }

  landscape(): Landscape {
    const descriptors = new Map<number, RangeDescriptor[]>([...this.stores.keys()].map((n) => [n, []]))
    for (const range of this.ranges) {
      for (const n of [...range.voters, ...range.learners]) {
        if (!this.lost.has(`${range.id}/${n}`)) descriptors.get(n)?.push(this.#describe(range, n))
      }
    }
    return landscapeOf([...this.stores].map(([n, one]) => this.#describeStore(n, one, descriptors.get(n) ?? [])))
  }

  /** Carries a command out, as the store layer would. @returns whether it was accepted */
  carryOut(command: Command): boolean {
    const range = this.ranges.find(({ id }) => rangeId(1n, BigInt(id)) === command.range)
    if (range === undefined || store(range.leader) !== command.store) return false
    if (range.ver !== command.ver.low || range.high !== command.ver.high) return false
    const number = (id: StoreId): number => Number(id.slice(-12))
    if (command.kind === 'transferLeader') {
      const target = number(command.target)
      if (!range.voters.includes(target) || !this.stores.has(target)) return false
      range.leader = target
      range.term++
      return true
    }
    if (command.kind === 'changeReplicas') {
      const voters = command.voters.map(number)
      const learners = command.learners.map(number)
      if (voters.length === 0 || voters.some((n) => learners.includes(n))) return false
      range.voters = voters
      range.learners = learners
      range.ver++
      for (const key of this.lost) if (key.startsWith(`${range.id}/`)) this.lost.delete(key)
      if (!voters.includes(range.leader)) this.#elect(range)
      return true
    }
    if (command.kind === 'split') {
      const cut = new TextDecoder().decode(command.key)
      const right = { ...range, id: this.#nextRange++, high: range.high + 1, ver: 0, start: cut, hints: [] }
      Object.assign(range, { high: right.high, ver: 0, end: cut, hints: [] })
      this.ranges.splice(this.ranges.indexOf(range) + 1, 0, right)
      return true
    }
    const right = this.ranges.find(({ id }) => rangeId(1n, BigInt(id)) === command.right.range)
    if (right === undefined || right.ver !== command.right.ver.low || right.high !== command.right.ver.high)
      return false
    Object.assign(range, { high: Math.max(range.high, right.high) + 1, ver: 0, end: right.end })
    this.ranges.splice(this.ranges.indexOf(right), 1)
    return true
  }

  #describe(range: ModelRange, n: number): RangeDescriptor {
    const isLeader = range.leader === n
    return {
      id: rangeId(1n, BigInt(range.id)),
      ver: { high: range.high, low: range.ver },
      boundary: { ...wholeKeySpace, start: key(range.start), end: key(range.end) },
      state: 'Normal',
      role: isLeader ? 'Leader' : 'Follower',
      config: {
        voters: range.voters.map(store),
        learners: range.learners.map(store),
        nextVoters: [],
        nextLearners: [],
      },
      term: term(range.term),
      leader: store(range.leader),
      commit: logIndex(100),
      applied: logIndex(100),
      flushed: logIndex(100),
      lastIndex: logIndex(100),
      lastTerm: term(1),
      snapshotIndex: logIndex(1),
      requestPosition: 0,
      progress: isLeader
        ? [...range.voters, ...range.learners].map((member) => {
            const isBehind = this.behind.has(`${range.id}/${member}`) || this.lost.has(`${range.id}/${member}`)
            const isUp = this.stores.has(member) && !isBehind
            return {
              store: store(member),
              match: logIndex(isUp ? 100 : 1),
              state: isUp ? ('replicate' as const) : ('probe' as const),
              silentMs: this.stores.has(member) ? 0 : 60_000,
            }
          })
        : [],
      fact: new Uint8Array(),
      hints: isLeader ? range.hints : [],
      damage: '',
      statistics: { dataSize: range.size },
      hlc: 0n,
    }
  }

  #describeStore(n: number, one: ModelStore, ranges: RangeDescriptor[]): StoreDescriptor {
    return {
      id: store(n),
      host: hostId(`host-${n}-${one.run}`),
      name: 'kv.store',
      node: `n${n}`,
      address: `127.0.0.1:${7700 + n}`,
      attributes: one.zone === undefined ? {} : { zone: one.zone },
      statistics: {
        'cpu.usage': one.cpu,
        'disk.free': one.free * 1e9,
        'disk.total': 1e9,
        'disk.stalledMs': one.stalledMs,
      },
      hlc: 0n,
      ranges,
    }
  }
}

/** One balancer that looks at a model again and again. */
export class Looking<State> {
  readonly #balancer: Balancer<State>
  readonly #rules: Rules
  #state: State
  #history: StoreHistory | null = null

  constructor(balancer: Balancer<State>, rules: Rules) {
    this.#balancer = balancer
    this.#rules = rules
    this.#state = balancer.initial
  }

  look(model: Model, landscape = model.landscape()): Outcome<State> {
    this.#history = lookAt(this.#history, landscape, model.nowMs)
    const [local] = landscape.stores
    const outcome = this.#balancer.balance(this.#state, {
      rules: this.#rules,
      landscape,
      route: effectiveRoute(landscape),
      health: healthOf(this.#history, model.nowMs),
      local: local?.id ?? store(0),
      nowMs: model.nowMs,
    })
    this.#state = outcome.state
    return outcome
  }

  /** Carries out what it says, until it says nothing more. @returns how many moves that took */
  settle(model: Model, stepMs = 1_000): number {
    let moves = 0
    for (let rounds = 0; rounds < 500; rounds++) {
      const outcome = this.look(model)
      if (outcome.moves.length === 0 && outcome.waitMs === null) return moves
      for (const { command } of outcome.moves) if (model.carryOut(command)) moves++
      model.nowMs += stepMs
    }
    throw new Error('never settles')
  }
}

export const leaderCounts = (model: Model): number[] =>
  [...model.stores.keys()].map((n) => model.ranges.filter(({ leader }) => leader === n).length)

export const voterCounts = (model: Model): number[] =>
  [...model.stores.keys()].map((n) => model.ranges.filter(({ voters }) => voters.includes(n)).length)

export const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)

const key = (text: string): Uint8Array | null => (text === '' ? null : new TextEncoder().encode(text))
