import type { Clients } from '../clients.ts'
import type { Node } from '../node.ts'
import { configText, isJoint, memberText, storeNumber } from '../stores.ts'
import type { World } from '../world.ts'
import { Violation } from './violation.ts'

/**
 * Once faults are over: one leader, a fresh write applied by every member, no joint configuration left, a read served.
 * Asked again and again until it is so; a bound on simulated time makes "never" a violation.
 */
export class Progress {
  private readonly world: World
  private readonly nodes: readonly Node[]
  private readonly clients: Clients
  private fresh: { readonly id: number; readonly atMs: number } | null = null
  private read: { readonly servedBefore: number; readonly atMs: number } | null = null

  constructor(world: World, nodes: readonly Node[], clients: Clients) {
    this.world = world
    this.nodes = nodes
    this.clients = clients
  }

  /** @returns what is still missing, or null when all is well. */
  missing(): string | null {
    const { world } = this
    const leaders = this.nodes.filter((node) => node.replica?.machine.role === 'leader')
    const leader = leaders.reduce<Node | undefined>(
      (best, node) => ((node.replica?.machine.term ?? 0) > (best?.replica?.machine.term ?? 0) ? node : best),
      undefined,
    )
    if (!leader?.replica) return 'a leader'
    const { replica } = leader
    const index = this.fresh && world.observer.committed.indexOf(this.fresh.id)
    if (index == null) {
      if (!this.fresh || this.isOld(this.fresh)) {
        const id = this.clients.write(leader)
        this.fresh = id === undefined ? null : { id, atMs: world.heap.now }
      }
      return 'a fresh write committed'
    }
    const { config } = replica.log.configAt(replica.log.last)
    if (isJoint(config)) return `the joint configuration ${configText(config)} left`
    for (const member of [...config.voters, ...config.learners]) {
      const other = this.nodes[storeNumber(member.store)]?.replica
      if (!other || other.self.replica !== member.replica) return `member ${memberText(member)} present`
      if (other.registers.index < index) return `the fresh write applied by ${memberText(member)}`
    }
    if (
      leaders.length > 1 &&
      leaders.filter((node) => config.voters.some((voter) => storeNumber(voter.store) === node.number)).length > 1
    ) {
      return 'one leader only'
    }
    const served = world.coverage.counts.get('readServed') ?? 0
    if (this.read && served > this.read.servedBefore) return null
    if (!this.read || this.isOld(this.read)) {
      this.read = this.clients.read(leader) ? { servedBefore: served, atMs: world.heap.now } : null
    }
    return 'a read served'
  }

  /** What was asked may be lost with a leader: ask again. */
  private isOld({ atMs }: { readonly atMs: number }): boolean {
    return this.world.heap.now - atMs > 8 * this.world.swarm.raft.electionTimeoutMs
  }

  /** The bound was passed. */
  fail(missing: string): never {
    const nodes = this.nodes.map((node) => node.text).join('; ')
    throw new Violation('progress', `faults are over, still missing: ${missing}. ${nodes}`)
  }
}
