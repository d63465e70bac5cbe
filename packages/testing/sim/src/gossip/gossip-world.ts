/**
 * Members on a simulated network: each a real GossipCore in a shell that does what the overlay's does. Datagrams are lost,
 * delayed and overtake one another; the reliable channel only delays, unless the way is cut or nobody is there. A paused
 * member reads nothing; what was sent to it meanwhile waits (as in a socket's buffer, bounded) until it goes on.
 */
import { type HostId, hostId } from '@base-kv/base'
import { HybridClock } from '@base-kv/hlc'
import { GossipCore } from '@base-kv/overlay'
import { EventHeap } from '../event-heap.ts'
import { Prng } from '../prng.ts'

const TICK_MS = 100
const BUFFERED_MAX = 200

export interface GossipMember {
  readonly core: GossipCore
  readonly host: HostId
  readonly address: string
  readonly index: number
  state: 'up' | 'paused' | 'down'
  /** Something was done to it that others may rightly notice: it was paused, cut off or killed. */
  disturbed: boolean
  readonly buffered: (() => void)[]
}

export interface Sighting {
  readonly atMs: number
  readonly seer: GossipMember
  readonly host: HostId
  readonly state: string
}

export class GossipWorld {
  readonly heap = new EventHeap()
  readonly members: GossipMember[] = []
  readonly prng: Prng
  /** Every change that any member saw. */
  onSighting: (sighting: Sighting) => void = () => {}
  lossChance = 0
  delayMaxMs = 20
  /** Whether something sent from one member reaches the other's machine. */
  passes: (from: GossipMember, to: GossipMember) => boolean = () => true
  packets = 0
  packetBytes = 0
  /** Over the reliable channel. */
  callBytes = 0
  readonly #network: Prng
  readonly #byHost = new Map<HostId, GossipMember>()
  readonly #byAddress = new Map<string, GossipMember>()

  constructor(seed: number) {
    this.prng = new Prng(seed)
    this.#network = this.prng.fork()
  }

  get up(): GossipMember[] {
    return this.members.filter(({ state }) => state === 'up')
  }

  start(
    address: string,
    seeds: readonly string[],
    options: { readonly cluster?: string; readonly skewMs?: number } = {},
  ): GossipMember {
    const random = this.prng.fork()
    const index = this.members.length
    const host = hostId(`${random.uint32().toString(16)}-${index}`)
    const wallMs = () => 1_700_000_000_000 + this.heap.now + (options.skewMs ?? 0)
    const clock = new HybridClock({}, { clock: { wallMs, monotonicMs: () => this.heap.now } })
    const core = new GossipCore({ host, address, cluster: options.cluster ?? 'sim' }, { clock, random })
    const member: GossipMember = { core, host, address, index, state: 'up', disturbed: false, buffered: [] }
    this.members.push(member)
    this.#byHost.set(host, member)
    this.#byAddress.set(address, member)
    core.swim.join(seeds)
    const tick = (): void => {
      if (member.state === 'down') return
      if (member.state === 'up') {
        core.tick(this.heap.now)
        this.#carry(member)
      }
      this.heap.after(TICK_MS, tick)
    }
    this.heap.after(random.between(0, TICK_MS), tick)
    return member
  }

  kill(member: GossipMember): void {
    member.state = 'down'
    member.disturbed = true
    member.buffered.length = 0
    if (this.#byAddress.get(member.address) === member) this.#byAddress.delete(member.address)
  }

  pause(member: GossipMember): void {
    if (member.state === 'up') member.state = 'paused'
    member.disturbed = true
  }

  resume(member: GossipMember): void {
    if (member.state !== 'paused') return
    member.state = 'up'
    // A process that goes on runs its timers before it reads its sockets.
    member.core.tick(this.heap.now)
    for (const run of member.buffered.splice(0)) run()
    this.#carry(member)
  }

  /** Says goodbye, and ends once the goodbye has been spread. */
  leave(member: GossipMember): void {
    member.disturbed = true
    member.core.swim.leave()
  }

  write(member: GossipMember, key: string, value: Uint8Array | null): void {
    member.core.replicator.write(key, value)
    this.#carry(member)
  }

  run(ms: number): void {
    this.runUntil(ms, () => false)
  }

  /** @returns how long it took, looked at each 100 ms; Infinity when `ms` were not enough */
  runUntil(ms: number, until: () => boolean): number {
    const from = this.heap.now
    for (let at = from; at < from + ms;) {
      if (until()) return this.heap.now - from
      at = Math.min(at + TICK_MS, from + ms)
      while (this.heap.runNext(at));
    }
    return until() ? this.heap.now - from : Number.POSITIVE_INFINITY
  }

  // ---- what they see ---------------------------------------------------------------------------------------------------

  stateOf(seer: GossipMember, host: HostId): string | undefined {
    return seer.core.swim.member(host)?.state
  }

  /** Whether `seer` takes exactly `members` for alive, and nobody else for alive or suspect. */
  sees(seer: GossipMember, members: readonly GossipMember[]): boolean {
    const seen = seer.core.swim.members().filter(({ state }) => state === 'alive' || state === 'suspect')
    if (seen.length !== members.length || seen.some(({ state }) => state === 'suspect')) return false
    const hosts = new Set(members.map(({ host }) => host))
    return seen.every(({ host }) => hosts.has(host))
  }

  /** All entries that `seer` holds, as text. */
  entries(seer: GossipMember): string {
    const lines: string[] = []
    const { maps } = seer.core.replicator
    for (const owner of maps.owners) {
      for (const [key, value] of maps.get(owner)?.values() ?? []) lines.push(`${owner} ${key} ${value.join()}`)
    }
    return lines.sort().join('\n')
  }

  host(id: HostId): GossipMember | undefined {
    return this.#byHost.get(id)
  }

  // ---- the network -------------------------------------------------------------------------------------------------------

  #carry(member: GossipMember): void {
    const { packets, probes, syncs, bulks, events } = member.core.take()
    for (const event of events) {
      if (event.kind === 'leaveSpread') this.kill(member)
      if (event.kind !== 'member') continue
      const { host, state } = event.member
      if (event.before?.state !== state) this.onSighting({ atMs: this.heap.now, seer: member, host, state })
    }
    for (const { to, bytes } of packets) {
      this.packets++
      this.packetBytes += bytes.length
      if (this.#network.chance(this.lossChance)) continue
      this.#deliver(member, to, (there) => there.core.receive(bytes, this.heap.now))
    }
    for (const { id, address, timeoutMs } of probes) {
      this.#call(
        member,
        address,
        timeoutMs,
        (there) => there.host,
        (host) => member.core.swim.probed(id, host),
      )
    }
    for (const { id, address, state } of syncs) {
      this.callBytes += state.length
      this.#call(
        member,
        address,
        2_000,
        (there) => there.core.swim.syncRequested(state),
        (reply) => {
          this.callBytes += reply?.length ?? 0
          member.core.swim.syncAnswered(id, reply ? { reply } : { failed: 'nobody there' })
        },
      )
    }
    for (const { address, bytes } of bulks) {
      this.callBytes += bytes.length
      this.#deliver(member, address, (there) => there.core.bulkReceived(member.host, bytes))
    }
  }

  #deliver(from: GossipMember, address: string, run: (there: GossipMember) => void): void {
    this.heap.after(this.#network.between(0.2, this.delayMaxMs), () => {
      const there = this.#byAddress.get(address)
      if (!there || there.state === 'down' || !this.passes(from, there)) return
      const read = (): void => {
        run(there)
        this.#carry(there)
      }
      if (there.state === 'up') read()
      else if (there.buffered.length < BUFFERED_MAX) there.buffered.push(read)
    })
  }

  /** A request and its answer; `null` when nobody is there, the way is cut, or the other does not read in time. */
  #call<T>(
    from: GossipMember,
    address: string,
    timeoutMs: number,
    ask: (there: GossipMember) => T,
    answer: (reply: T | null) => void,
  ): void {
    const done = (reply: T | null): void => {
      if (from.state === 'down') return
      const run = (): void => {
        answer(reply)
        this.#carry(from)
      }
      if (from.state === 'up') run()
      else from.buffered.push(run)
    }
    // Lost segments are sent again: that only takes time.
    const way = (): number =>
      this.#network.between(0.5, this.delayMaxMs) + (this.#network.chance(this.lossChance) ? 200 : 0)
    const there = this.#byAddress.get(address)
    if (!there) {
      this.heap.after(way(), () => done(null))
      return
    }
    const open = there.state === 'up' && this.passes(from, there) && this.passes(there, from)
    if (!open) {
      this.heap.after(timeoutMs, () => done(null))
      return
    }
    this.heap.after(way(), () => {
      if (there.state !== 'up') {
        this.heap.after(timeoutMs, () => done(null))
        return
      }
      const reply = ask(there)
      this.#carry(there)
      this.heap.after(way(), () => done(reply))
    })
  }
}
