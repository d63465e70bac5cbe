/** Some members on a network of arrays: delays, losses and cuts as the test says, everything from one seed. */
import { type HostId, hostId, type Random } from '@base-kv/base'
import { seededRandom } from '@base-kv/test-kit'
import { type Member, type MemberEvent, Swim, type SwimTiming } from '../src/index.ts'

export interface Node {
  readonly swim: Swim
  readonly host: HostId
  readonly address: string
  readonly events: MemberEvent[]
  running: boolean
  paused: boolean
}

export class Network {
  readonly nodes: Node[] = []
  nowMs = 0
  /** Of 1,000 datagrams; the reliable channel loses none. */
  lossPermille = 0
  /** Whether something sent from one address reaches the other; both channels ask. */
  passes: (from: string, to: string) => boolean = () => true
  /** Whether datagrams pass at all. */
  udp: (from: string, to: string) => boolean = () => true
  packets = 0
  readonly #random: Random
  readonly #timing: Partial<SwimTiming>
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = []
  #hosts = 0

  constructor(options: { readonly seed: number; readonly timing?: Partial<SwimTiming> }) {
    this.#random = seededRandom(options.seed)
    this.#timing = options.timing ?? {}
  }

  start(address: string, seeds: readonly string[] = [], cluster = 'test'): Node {
    const host = hostId(`host-${++this.#hosts}-${address}`)
    const swim = new Swim({ host, address, cluster, timing: this.#timing }, { random: this.#random })
    const node: Node = { swim, host, address, events: [], running: true, paused: false }
    this.nodes.push(node)
    swim.join(seeds)
    return node
  }

  /** `count` nodes that all know the first one, run until everybody knows everybody. */
  cluster(count: number): Node[] {
    const nodes = Array.from({ length: count }, (_, i) => this.start(`n${i + 1}:1`, ['n1:1']))
    this.runUntil(10_000, () => nodes.every((node) => this.seen(node).length === count))
    return nodes
  }

  /** Addresses that a node takes for alive or suspect, sorted. */
  seen(node: Node): string[] {
    return node.swim
      .members()
      .filter(({ state }) => state === 'alive' || state === 'suspect')
      .map(({ address }) => address)
      .sort()
  }

  stateOf(seer: Node, of: Node): Member['state'] | undefined {
    return seer.swim.members().find(({ host }) => host === of.host)?.state
  }

  run(ms: number): void {
    this.runUntil(ms, () => false)
  }

  /** @returns how long it took; fails when `ms` were not enough, unless `until` is never meant to hold. */
  runUntil(ms: number, until: () => boolean): number {
    const from = this.nowMs
    while (this.nowMs < from + ms) {
      if (until()) return this.nowMs - from
      this.nowMs += 10
      this.#deliver()
      if (this.nowMs % 50 === 0)
        for (const node of this.nodes) if (node.running && !node.paused) node.swim.tick(this.nowMs)
      for (const node of this.nodes) this.#takeFrom(node)
    }
    return until() ? this.nowMs - from : Number.POSITIVE_INFINITY
  }

  #deliver(): void {
    const due = this.#due.filter(({ atMs }) => atMs <= this.nowMs)
    this.#due.splice(0, this.#due.length, ...this.#due.filter(({ atMs }) => atMs > this.nowMs))
    for (const { run } of due) run()
  }

  #later(run: () => void): void {
    this.#due.push({ atMs: this.nowMs + 1 + this.#random.below(30), run })
  }

  #at(address: string): Node | undefined {
    return this.nodes.findLast((node) => node.address === address && node.running)
  }

  #takeFrom(node: Node): void {
    const { packets, probes, syncs, events } = node.swim.take()
    node.events.push(...events)
    if (!node.running || node.paused) return
    for (const { to, bytes } of packets) {
      this.packets++
      if (this.#random.below(1000) < this.lossPermille) continue
      if (!this.passes(node.address, to) || !this.udp(node.address, to)) continue
      this.#later(() => {
        const there = this.#at(to)
        if (there && !there.paused) there.swim.receive(bytes, this.nowMs)
      })
    }
    const open = (to: string) => this.passes(node.address, to) && this.passes(to, node.address) && !this.#at(to)?.paused
    for (const { id, address } of probes) {
      this.#later(() => node.swim.probed(id, open(address) ? (this.#at(address)?.host ?? null) : null))
    }
    for (const { id, address, state } of syncs) {
      this.#later(() => {
        const there = open(address) ? this.#at(address) : undefined
        const outcome = there ? { reply: there.swim.syncRequested(state) } : { failed: 'unreachable' }
        this.#later(() => node.swim.syncAnswered(id, outcome))
      })
    }
  }
}
