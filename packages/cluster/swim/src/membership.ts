/**
 * What is known of every member, and which piece of news beats which. In short:
 *
 * - Only a member itself raises its incarnation. A higher incarnation beats everything said about a lower one, except `left`.
 * - At the same incarnation the worse news beats the better one: alive < suspect < dead.
 * - `left` is final. Its host id is remembered (bounded) so that late news does not bring it back; when even that has been
 *   forgotten, a ghost would be probed, and the process that answers at its address, or nobody, ends it within seconds.
 * - Of a whole table that somebody else kept, `dead` counts only as a suspicion: it may be old, and the dead may object.
 * - A process that is the receiver at an address knows that every other host id with this address is gone.
 *
 * No clock of any machine is compared with another's.
 */
import { assert, type HostId, type Random } from '@base-kv/base'
import type { SwimCounts } from './counts.ts'
import { GossipQueue } from './gossip-queue.ts'
import type { Member, MemberState, Update } from './member.ts'
import type { SwimOptions, SwimTiming } from './options.ts'
import type { MemberEvent } from './output.ts'
import { ProbeOrder } from './probe-order.ts'
import { Suspicion } from './suspicion.ts'

/** How news arrived: in a packet's header, from its sender itself; spread by others; out of another's whole table. */
export type Via = 'sender' | 'gossip' | 'table'

const MEMBERS_MAX = 4_096
const TOMBSTONES_MAX = 2_048
/** How many members, about, probe one that another suspects. */
const LOOK_AT_ONCE = 4
const LEFT_IN_TABLE_MAX = 256
/** Dead ones are dialled for ever; beyond this many the longest dead are forgotten (seeds still heal). */
const DEAD_MAX = 256

export interface MembershipDeps {
  readonly random: Random
  readonly counts: SwimCounts
  /** Undisturbed local time. */
  nowMs(): number
  emit(event: MemberEvent): void
  /** Tells a member directly what is said about it, so that it can object. */
  accuse(member: Member): void
  /** This process was suspected. */
  refuted(): void
  /** A dead member lives: tables should be compared with it. */
  revived(member: Member): void
}

export class Membership {
  readonly gossip = new GossipQueue()
  readonly order: ProbeOrder
  readonly #options: SwimOptions
  readonly #timing: SwimTiming
  readonly #deps: MembershipDeps
  // Without this process; alive, suspect and dead ones. Invariant: at most MEMBERS_MAX.
  readonly #members = new Map<HostId, Member>()
  // Invariant: exactly the suspect ones.
  readonly #suspicions = new Map<HostId, Suspicion>()
  // Oldest first. Invariant: none is in #members.
  readonly #left = new Map<HostId, Member>()
  // Longest dead first. Invariant: exactly the dead ones.
  readonly #dead = new Set<HostId>()
  #incarnation = 0
  #superseded = false

  constructor(options: SwimOptions, timing: SwimTiming, deps: MembershipDeps) {
    this.#options = options
    this.#timing = timing
    this.#deps = deps
    this.order = new ProbeOrder(deps.random)
  }

  get self(): Member {
    const { host, address } = this.#options
    return { host, address, incarnation: this.#incarnation, state: 'alive' }
  }

  get(host: HostId): Member | undefined {
    return host === this.#options.host ? this.self : this.#members.get(host)
  }

  /** Not dead, without this process. */
  live(): Member[] {
    return [...this.#members.values()].filter(({ state }) => state !== 'dead')
  }

  /** How many are not dead, this process included. */
  get size(): number {
    return this.#members.size - this.#dead.size + 1
  }

  /** All that are known, and those that left lately, without this process. */
  all(): Member[] {
    return [...this.#members.values(), ...this.#left.values()]
  }

  /** Who is at this address and not dead. */
  at(address: string): Member | undefined {
    if (address === this.#options.address) return this.self
    for (const member of this.#members.values()) {
      if (member.address === address && member.state !== 'dead') return member
    }
    return undefined
  }

  /** The dead one that was looked after longest ago; it becomes the last. */
  nextDead(): Member | undefined {
    const [host] = this.#dead
    if (host === undefined) return undefined
    this.#dead.delete(host)
    this.#dead.add(host)
    return this.#members.get(host)
  }

  // ---- news ----------------------------------------------------------------------------------------------------------

  learn(update: Update, via: Via): void {
    if (update.host === this.#options.host) return this.#learnOfSelf(update)
    if (this.#left.has(update.host)) return
    if (update.state !== 'left' && update.address === this.#options.address) return this.left(update.host)
    switch (update.state) {
      case 'alive':
        return this.#alive(update, via)
      case 'suspect':
        return this.#suspect(update)
      case 'dead':
        return via === 'gossip' ? this.#declaredDead(update) : this.#deadInTable(update)
      case 'left':
        return this.#declaredLeft(update)
    }
  }

  /** No probe reached it. */
  suspect(host: HostId): void {
    const member = this.#members.get(host)
    if (member) this.#suspect({ ...member, state: 'suspect', from: this.#options.host })
  }

  /** Another process answers at its address. */
  left(host: HostId): void {
    const member = this.#members.get(host)
    const { address } = this.#options
    this.#declaredLeft({
      host,
      address: member?.address ?? address,
      incarnation: member?.incarnation ?? 0,
      state: 'left',
      from: this.#options.host,
    })
  }

  /** Suspects whose time is over become dead. */
  expireSuspicions(): void {
    for (const [host, suspicion] of this.#suspicions) {
      if (suspicion.deadlineMs > this.#deps.nowMs()) continue
      const member = this.#members.get(host)
      assert(member?.state === 'suspect', 'a suspicion is of a suspect')
      this.#declaredDead({ ...member, state: 'dead', from: this.#options.host })
    }
  }

  /** What this node knows, itself first; of those that left the latest. */
  table(): Update[] {
    const from = this.#options.host
    const left = [...this.#left.values()].slice(-LEFT_IN_TABLE_MAX)
    return [this.self, ...this.#members.values(), ...left].map((member) => ({ ...member, from }))
  }

  #learnOfSelf(update: Update): void {
    if (update.state === 'alive') return
    if (update.incarnation > this.#incarnation) {
      this.#deps.counts.bogus++
      return
    }
    if (update.state === 'left') {
      if (!this.#superseded) this.#deps.emit({ kind: 'superseded' })
      this.#superseded = true
      return
    }
    // An older accusation was answered before; the answer is in every packet's header.
    if (update.incarnation < this.#incarnation) return
    this.#incarnation++
    this.#deps.counts.refutations++
    this.#spread(this.self)
    this.#deps.refuted()
  }

  #alive(update: Update, via: Via): void {
    const known = this.#members.get(update.host)
    if (!known) {
      if (this.#members.size >= MEMBERS_MAX) {
        this.#deps.counts.tableFull++
        return
      }
      const member = plain(update)
      for (const other of this.#members.values()) if (other.address === member.address) this.#questionable(other)
      this.#put(member, undefined)
      this.order.add(member.host)
      return this.#spread(member)
    }
    if (update.incarnation > known.incarnation) {
      this.#put(plain(update), known)
      this.#spread(plain(update))
      if (known.state === 'dead') {
        this.order.add(known.host)
        this.#deps.revived(plain(update))
      }
    } else if (via === 'sender' && known.state !== 'alive') this.#deps.accuse(known)
  }

  /** Two host ids at one address: at most one of them is there. */
  #questionable(member: Member): void {
    if (member.state === 'dead') this.left(member.host)
    else this.order.addFirst(member.host)
  }

  #suspect(update: Update): void {
    const known = this.#members.get(update.host)
    if (!known || update.incarnation < known.incarnation) return
    if (known.state === 'dead' && update.incarnation === known.incarnation) return
    const suspicion = this.#suspicions.get(update.host)
    if (known.state === 'suspect' && suspicion && update.incarnation === known.incarnation) {
      if (suspicion.confirm(update.from)) this.gossip.add(update)
      return
    }
    const member: Member = { ...known, incarnation: update.incarnation, state: 'suspect' }
    this.#put(member, known)
    this.#suspicions.set(member.host, new Suspicion(update.from, this.size, this.#timing, this.#deps.nowMs()))
    this.gossip.add({ ...member, from: update.from })
    this.#deps.accuse(member)
    // Some look for themselves at once, so that a true suspicion is confirmed soon; not a crowd.
    const accused = update.from !== this.#options.host
    if (accused && this.#deps.random.below(this.size) < LOOK_AT_ONCE) this.order.addFirst(member.host)
  }

  #declaredDead(update: Update): void {
    const known = this.#members.get(update.host)
    if (!known || known.state === 'dead' || update.incarnation < known.incarnation) return
    const member: Member = { ...known, incarnation: update.incarnation, state: 'dead' }
    this.#put(member, known)
    this.gossip.add({ ...member, from: update.from })
    if (this.#dead.size > DEAD_MAX) {
      const [oldest] = this.#dead
      if (oldest !== undefined) this.#forget(oldest)
    }
  }

  #deadInTable(update: Update): void {
    this.#suspect({ ...update, state: 'suspect' })
  }

  #declaredLeft(update: Update): void {
    if (this.#left.has(update.host)) return
    const known = this.#members.get(update.host)
    const member: Member = { ...(known ?? plain(update)), state: 'left' }
    this.#forget(member.host)
    this.#left.set(member.host, member)
    if (this.#left.size > TOMBSTONES_MAX) {
      const [oldest] = this.#left.keys()
      if (oldest !== undefined) this.#left.delete(oldest)
    }
    // Spread by those who knew the member: of one that nobody knows any more, the news ends here.
    if (!known) return
    this.#deps.emit({ kind: 'member', member, before: known })
    this.gossip.add({ ...member, from: update.from })
  }

  #put(member: Member, before: Member | undefined): void {
    this.#members.set(member.host, member)
    if (member.state !== 'suspect') this.#suspicions.delete(member.host)
    if (member.state === 'dead') this.#dead.add(member.host)
    else this.#dead.delete(member.host)
    this.#deps.emit({ kind: 'member', member, before })
  }

  #forget(host: HostId): void {
    this.#members.delete(host)
    this.#suspicions.delete(host)
    this.#dead.delete(host)
  }

  #spread(member: Member): void {
    this.gossip.add({ ...member, from: this.#options.host })
  }
}

function plain(update: Update): Member {
  const { host, address, incarnation } = update
  return { host, address, incarnation, state: update.state as MemberState }
}
