import type { ReadFloor } from './checkers/reads.ts'
import { keyCount } from './command.ts'
import type { Node } from './node.ts'
import type { Prng } from './prng.ts'
import type { World } from './world.ts'

/**
 * Writers and readers, always at work. They mostly go to a node that thinks it leads, sometimes to any, so that deposed
 * leaders are asked too: that is where stale reads come from. No write is ever sent twice.
 */
export class Clients {
  private readonly world: World
  private readonly nodes: readonly Node[]
  private readonly prng: Prng
  private lastId = 0
  private stopped = false
  private idle = false

  constructor(world: World, nodes: readonly Node[], prng: Prng) {
    this.world = world
    this.nodes = nodes
    this.prng = prng
  }

  begin(): void {
    const { writeGapMs, readGapMs } = this.world.swarm
    this.repeat(writeGapMs, () => this.write())
    this.repeat(readGapMs, () => this.read())
    if (this.world.swarm.idleSpells) this.spell()
    if (this.world.swarm.raft.lease) this.repeat(readGapMs / 2, () => this.leaseRead())
  }

  /**
   * The unkindest moments to ask: a new leader is written to at once, and when a write was acknowledged, whoever else
   * still thinks that it leads is read from.
   */
  noticed(what: 'acknowledged' | 'leader', number: number): void {
    if (this.stopped) return
    if (what === 'leader') {
      if (this.prng.chance(0.5)) this.soon(() => this.write(this.nodes[number]))
      return
    }
    for (const node of this.nodes) {
      if (node.number === number || node.replica?.machine.role !== 'leader') continue
      this.soon(() => (this.world.swarm.raft.lease ? this.leaseRead(node) : this.read(node)))
    }
  }

  stop(): void {
    this.stopped = true
  }

  /** @returns the id of a write that a core took, or undefined. A paused node finds the request when it wakes. */
  write(node = this.target()): number | undefined {
    if (!node) return undefined
    const id = ++this.lastId
    const key = this.prng.below(keyCount)
    const bytes = this.prng.integer(5, this.world.swarm.valueBytesMax)
    let taken = false
    node.request((replica) => {
      taken = replica.propose(id, key, bytes)
    })
    return taken ? id : undefined
  }

  /** @returns whether a core took it at once. */
  read(node = this.target()): boolean {
    const floor = this.floor()
    let taken = false
    node?.request((replica) => {
      taken = replica.read(floor)
    })
    return taken
  }

  private leaseRead(node = this.target()): void {
    const floor = this.floor()
    node?.request((replica) => {
      replica.leaseRead(floor)
    })
  }

  private soon(act: () => void): void {
    this.world.heap.after(0, act)
  }

  /** A read begins when it is asked for, not when the node gets to it. */
  private floor(): ReadFloor {
    return this.world.observer.reads.begin(this.prng.below(keyCount), this.world.heap.now)
  }

  private target(): Node | undefined {
    const up = this.nodes.filter((node) => node.up && node.replica)
    if (up.length === 0) return undefined
    const leaders = up.filter((node) => node.replica?.machine.role === 'leader')
    const node = leaders.length > 0 && this.prng.chance(0.9) ? this.prng.pick(leaders) : this.prng.pick(up)
    // A client without an answer stirs a group that sleeps without a leader.
    if (leaders.length === 0 && this.world.swarm.raft.hibernate && this.prng.chance(0.3)) {
      node.request((replica) => replica.input((machine, nowMs) => machine.wake(nowMs)))
    }
    return node
  }

  /** Busy for a while, idle for a while. */
  private spell(): void {
    const timeouts = this.prng.between(3, this.idle ? 10 : 15)
    this.world.heap.after(timeouts * this.world.swarm.raft.electionTimeoutMs, () => {
      this.idle = !this.idle
      this.spell()
    })
  }

  private repeat(gapMs: number, act: () => void): void {
    this.world.heap.after(this.prng.gap(gapMs), () => {
      if (this.stopped) return
      if (!this.idle && this.world.heap.now >= this.world.quietUntilMs) act()
      this.repeat(gapMs, act)
    })
  }
}
