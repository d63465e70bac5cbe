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
    if (this.world.swarm.raft.lease) this.repeat(readGapMs, () => this.leaseRead())
  }

  stop(): void {
    this.stopped = true
  }

  /** @returns the id of a write that a core took, or undefined. */
  write(node = this.target()): number | undefined {
    if (!node?.replica) return undefined
    const id = ++this.lastId
    const bytes = this.prng.integer(5, this.world.swarm.valueBytesMax)
    return node.replica.propose(id, this.prng.below(keyCount), bytes) ? id : undefined
  }

  read(node = this.target()): boolean {
    return node?.replica?.read(this.prng.below(keyCount)) ?? false
  }

  private leaseRead(): void {
    this.target()?.replica?.leaseRead(this.prng.below(keyCount))
  }

  private target(): Node | undefined {
    const running = this.nodes.filter((node) => node.up && !node.paused && node.replica)
    if (running.length === 0) return undefined
    const leaders = running.filter((node) => node.replica?.machine.role === 'leader')
    const node = leaders.length > 0 && this.prng.chance(0.9) ? this.prng.pick(leaders) : this.prng.pick(running)
    // A client without an answer stirs a group that sleeps without a leader.
    if (leaders.length === 0 && this.world.swarm.raft.hibernate && this.prng.chance(0.3)) {
      node.replica?.input((machine, nowMs) => machine.wake(nowMs))
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
      if (!this.idle) act()
      this.repeat(gapMs, act)
    })
  }
}
