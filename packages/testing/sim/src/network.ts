import type { Prng } from './prng.ts'

export interface LinkOptions {
  readonly stores: number
  readonly latencyMs: number
  readonly lossShare: number
  readonly duplicateShare: number
  readonly delayShare: number
  readonly faults: { has(fault: 'replay' | 'duplicate' | 'reorder'): boolean }
  readonly raft: { readonly electionTimeoutMs: number }
}

export interface NetworkDeps<Payload> {
  readonly prng: Prng
  readonly after: (delayMs: number, run: () => void) => void
  readonly worldNowMs: () => number
  readonly coverage: { add(fault: 'loss' | 'replay' | 'duplicate' | 'delay' | 'reorder'): void }
  readonly deliver: (to: number, payload: Payload) => void
}

/**
 * Directed links between stores. A packet is lost, late, doubled, overtaken, or kept back for so long that it arrives in
 * another age; a cut link loses everything sent over it and some of what was on its way. Without reordering a link is a
 * queue, as a connection is.
 */
export class Network<Payload> {
  /** No more faults of its own (cuts are healed one by one). */
  calm = false
  private readonly swarm: LinkOptions
  private readonly deps: NetworkDeps<Payload>
  /** How many faults hold the link from * stores + to cut. */
  private readonly cuts: Int32Array
  private readonly busyUntil: Float64Array
  /** What is sent over the link waits until then, and comes at once. */
  private readonly cloggedUntil: Float64Array

  constructor(swarm: LinkOptions, deps: NetworkDeps<Payload>) {
    this.swarm = swarm
    this.deps = deps
    this.cuts = new Int32Array(swarm.stores * swarm.stores)
    this.busyUntil = new Float64Array(swarm.stores * swarm.stores)
    this.cloggedUntil = new Float64Array(swarm.stores * swarm.stores)
  }

  isCut(from: number, to: number): boolean {
    return this.cuts[from * this.swarm.stores + to] !== 0
  }

  cut(from: number, to: number): void {
    const link = from * this.swarm.stores + to
    this.cuts[link] = (this.cuts[link] as number) + 1
  }

  mend(from: number, to: number): void {
    const link = from * this.swarm.stores + to
    this.cuts[link] = Math.max(0, (this.cuts[link] as number) - 1)
  }

  clog(from: number, to: number, untilMs: number): void {
    this.cloggedUntil[from * this.swarm.stores + to] = untilMs
  }

  mendAll(): void {
    this.cuts.fill(0)
    this.cloggedUntil.fill(0)
  }

  /** As over a connection: it may be lost with it, or late, but never comes twice. */
  sendOnce(from: number, to: number, payload: Payload): boolean {
    const { prng, coverage } = this.deps
    if (this.isCut(from, to)) return false
    if (!this.calm && prng.chance(this.swarm.lossShare)) {
      coverage.add('loss')
      return false
    }
    this.transmit(from, to, payload)
    return true
  }

  send(from: number, to: number, payload: Payload): void {
    const { prng, coverage } = this.deps
    if (!this.sendOnce(from, to, payload)) return
    if (this.calm || !prng.chance(this.swarm.duplicateShare)) return
    if (this.swarm.faults.has('replay') && prng.chance(0.3)) {
      coverage.add('replay')
      const kept = prng.between(0.5, 12) * this.swarm.raft.electionTimeoutMs
      this.deps.after(kept, () => this.arrive(from, to, payload))
    } else if (this.swarm.faults.has('duplicate')) {
      coverage.add('duplicate')
      this.transmit(from, to, payload)
    }
  }

  private transmit(from: number, to: number, payload: Payload): void {
    const { prng, after, worldNowMs, coverage } = this.deps
    const { swarm } = this
    let delay = swarm.latencyMs * (0.5 + prng.gap(0.5))
    if (!this.calm && prng.chance(swarm.delayShare)) {
      delay += prng.between(0.05, 1.5) * swarm.raft.electionTimeoutMs
      coverage.add('delay')
    }
    const link = from * swarm.stores + to
    delay += Math.max(0, (this.cloggedUntil[link] as number) - worldNowMs())
    const arrival = worldNowMs() + delay
    const queued = this.busyUntil[link] as number
    if (arrival >= queued) {
      this.busyUntil[link] = arrival
    } else if (!this.calm && swarm.faults.has('reorder')) {
      coverage.add('reorder')
    } else {
      delay = queued - worldNowMs()
    }
    after(delay, () => this.arrive(from, to, payload))
  }

  private arrive(from: number, to: number, payload: Payload): void {
    if (this.isCut(from, to) && this.deps.prng.chance(0.5)) return
    this.deps.deliver(to, payload)
  }
}
