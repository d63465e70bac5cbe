/**
 * Who is in the cluster, who is not, as seen from one process: SWIM (Das et al., 2002) with Lifeguard (Dadgar et al., 2017),
 * as a machine without clock, chance, sockets or promises. The shell calls `tick` some 10 times a second and hands in what
 * arrives; after each call it takes what is to be done.
 *
 * - Each probeIntervalMs one member is probed (probing.ts). Who cannot be reached by any way becomes suspect; who does not
 *   object becomes dead (membership.ts, suspicion.ts).
 * - News rides on every packet and is pushed to a few random members as long as it is fresh (gossip-queue.ts).
 * - Whole tables are compared with a seed on joining, with a member that came back, and now and then with anybody.
 * - Dead members and silent seeds are dialled for ever, slowly: partitions heal, however long they were.
 *
 * It decides nothing about safety: a member that is dead here may well lead a range.
 */
import type { HostId, Random } from '@base-kv/base'
import { SwimCounts } from './counts.ts'
import { LocalHealth } from './local-health.ts'
import type { Member, Update } from './member.ts'
import { Membership } from './membership.ts'
import { defaultSwimTiming, type SwimOptions, type SwimTiming } from './options.ts'
import { emptyOutput, type SwimOutput } from './output.ts'
import { sample } from './probe-order.ts'
import { Probing } from './probing.ts'
import { Seeds } from './seeds.ts'
import { type Body, decodePacket, encodePacket, type Header, PACKET_BYTES_MAX, SYNC_BYTES_MAX } from './wire.ts'

/** A longer gap between two calls means that the process stood still, not that the others did. */
const PAUSE_MS = 1_000
/** Syncs under way; more members that come back at once find each other by gossip. */
const SYNCS_MAX = 8
/** Members told directly by one that leaves. */
const GOODBYES_MAX = 16

export type SyncOutcome =
  /** Bytes of the other's `syncRequested`. */
  { readonly reply: Uint8Array } | { readonly failed: string }

export class Swim {
  readonly counts = new SwimCounts()
  readonly #options: SwimOptions
  readonly #timing: SwimTiming
  readonly #random: Random
  readonly #cluster: string
  readonly #health: LocalHealth
  readonly #membership: Membership
  readonly #probing: Probing
  readonly #seeds: Seeds
  readonly #syncs = new Map<number, string>()
  #syncId = 0
  #output = emptyOutput()
  // Undisturbed local time: it does not run while the process stands still.
  #nowMs = 0
  #calledMs: number | null = null
  #epoch = 0n
  #probeAtMs = 0
  #gossipAtMs = 0
  #redialAtMs = 0
  #redials = 0
  #syncAtMs = 0
  #leftAtMs: number | null = null

  constructor(options: SwimOptions, deps: { readonly random: Random }) {
    this.#options = options
    this.#timing = { ...defaultSwimTiming, ...options.timing }
    this.#random = deps.random
    this.#cluster = encodeURIComponent(options.cluster)
    this.#health = new LocalHealth(this.#timing.healthMax)
    const nowMs = () => this.#nowMs
    this.#membership = new Membership(options, this.#timing, {
      random: deps.random,
      counts: this.counts,
      nowMs,
      emit: (event) => void this.#output.events.push(event),
      accuse: (member) => this.#accuse(member),
      refuted: () => this.#health.change(1),
      revived: (member) => this.#sync(member.address),
    })
    this.#probing = new Probing(this.#timing, {
      random: deps.random,
      health: this.#health,
      counts: this.counts,
      nowMs,
      live: () => this.#membership.live(),
      send: (to, body) => this.#send(to, body),
      askReliably: (id, address, timeoutMs) => void this.#output.probes.push({ id, address, timeoutMs }),
      failed: (host) => this.#membership.suspect(host),
      gone: (host) => this.#membership.left(host),
    })
    this.#seeds = new Seeds(this.#timing, deps.random)
    this.#syncAtMs = this.#syncPauseMs()
  }

  // ---- inputs ------------------------------------------------------------------------------------------------------------

  /** @param nowMs monotonic; its start does not matter */
  tick(nowMs: number): void {
    this.#advance(nowMs)
    if (this.#leftAtMs !== null) {
      this.#gossipWhenDue()
      return this.#endLeaving()
    }
    this.#probing.tick()
    this.#membership.expireSuspicions()
    this.#probeWhenDue()
    this.#redialWhenDue()
    this.#syncWhenDue()
    this.#gossipWhenDue()
  }

  /** A datagram, opened by the shell if it was sealed. Anything at all may stand in it. */
  receive(bytes: Uint8Array, nowMs: number): void {
    this.#advance(nowMs)
    if (bytes.length > PACKET_BYTES_MAX) this.counts.malformed++
    else {
      const packet = this.#open(bytes)
      if (packet && packet.header.host !== this.#options.host) {
        this.#learn(packet.header, packet.updates, 'gossip')
        this.#answer(packet.header, packet.body)
      }
    }
  }

  /** @param host who answered the reliable probe `id`; null when nobody did in time */
  probed(id: number, host: HostId | null): void {
    this.#probing.probed(id, host)
  }

  /** The other node's table has arrived over the reliable channel. @returns what to answer */
  syncRequested(bytes: Uint8Array): Uint8Array {
    const reason = this.#whyNot(bytes)
    if (reason !== null) {
      this.counts.syncsRefused++
      return this.#encode({ kind: 'refused', reason }, [], SYNC_BYTES_MAX)
    }
    const packet = this.#open(bytes)
    if (packet?.body.kind === 'sync') this.#learn(packet.header, packet.updates, 'table')
    return this.#encode({ kind: 'syncReply' }, this.#membership.table(), SYNC_BYTES_MAX)
  }

  syncAnswered(id: number, outcome: SyncOutcome): void {
    const address = this.#syncs.get(id)
    this.#syncs.delete(id)
    if (address === undefined || !('reply' in outcome)) return
    const decoded = decodePacket(outcome.reply)
    if ('packet' in decoded && decoded.packet.body.kind === 'refused') {
      this.#output.events.push({ kind: 'refused', address, reason: decodeText(decoded.packet.body.reason) })
      return
    }
    const packet = this.#open(outcome.reply)
    if (packet?.body.kind !== 'syncReply') return
    this.#seeds.answered(address, packet.header.host)
    if (packet.header.host === this.#options.host) return
    this.#learn(packet.header, packet.updates, 'table')
    // Whoever was known at that address before is not there any more.
    const before = this.#membership.live().find((member) => member.address === address)
    if (before && before.host !== packet.header.host && packet.header.address === address) {
      this.#membership.left(before.host)
    }
  }

  /** Where others may be found, as of now; dialled for ever. */
  join(addresses: readonly string[]): void {
    this.#seeds.set(addresses, this.#nowMs)
  }

  /** Says goodbye; the event `leaveSpread` follows when the others had time to hear it. */
  leave(): void {
    if (this.#leftAtMs !== null) return
    this.#leftAtMs = this.#nowMs
    const goodbye: Update = { ...this.#membership.self, state: 'left', from: this.#options.host }
    this.#membership.gossip.add(goodbye)
    for (const { address } of sample(this.#membership.live(), GOODBYES_MAX, this.#random)) {
      this.#send(address, { kind: 'gossip' }, [goodbye])
    }
  }

  /** The cluster's identity, once this node belongs to one; 0 before. Packets of another one are dropped from now on. */
  setEpoch(epoch: bigint): void {
    this.#epoch = epoch
  }

  /** Hands a message of the layer above to a member, unreliably. @param bytes at most USER_BYTES_MAX */
  send(to: HostId, bytes: Uint8Array): void {
    const member = this.#membership.get(to)
    if (member && to !== this.#options.host) this.#send(member.address, { kind: 'user', bytes })
  }

  // ---- outputs -----------------------------------------------------------------------------------------------------------

  /** What is to be done since the last call. */
  take(): SwimOutput {
    const output = this.#output
    this.#output = emptyOutput()
    return output
  }

  get self(): Member {
    return this.#membership.self
  }

  /** Everybody that is known, and those that left lately; this process first. */
  members(): Member[] {
    return [this.#membership.self, ...this.#membership.all()]
  }

  member(host: HostId): Member | undefined {
    return this.#membership.get(host)
  }

  /** 1 when this process does well, up to healthMax. */
  get patience(): number {
    return this.#health.multiplier
  }

  // ---- what is due ---------------------------------------------------------------------------------------------------------

  #advance(nowMs: number): void {
    const elapsed = this.#calledMs === null ? 0 : Math.max(0, nowMs - this.#calledMs)
    this.#calledMs = nowMs
    if (elapsed < PAUSE_MS) {
      this.#nowMs += elapsed
      return
    }
    this.counts.pauses++
    this.#health.change(1)
    this.#probing.forgetAll()
  }

  #probeWhenDue(): void {
    if (this.#nowMs < this.#probeAtMs) return
    this.#probeAtMs = this.#nowMs + this.#timing.probeIntervalMs * this.#health.multiplier
    const { order } = this.#membership
    const fit = (host: HostId): boolean => {
      const member = this.#membership.get(host)
      return member !== undefined && member.state !== 'dead'
    }
    const host = order.next(() => this.#membership.live().map((member) => member.host), fit)
    const target = host === undefined ? undefined : this.#membership.get(host)
    if (target) this.#probing.start(target)
  }

  #redialWhenDue(): void {
    if (this.#nowMs < this.#redialAtMs) return
    const pause = this.#timing.redialIntervalMs
    this.#redialAtMs = this.#nowMs + pause / 2 + this.#random.below(pause)
    const dead = this.#membership.nextDead()
    if (!dead) return
    this.#probing.start(dead, true)
    // Where only the reliable channel works, the next turn finds it.
    if (this.#redials++ % 2 === 1) this.#sync(dead.address)
  }

  #syncWhenDue(): void {
    for (const address of this.#seeds.due(this.#nowMs, (seed, host) => this.#met(seed, host))) this.#sync(address)
    if (this.#nowMs < this.#syncAtMs) return
    this.#syncAtMs = this.#nowMs + this.#syncPauseMs()
    const [member] = sample(this.#membership.live(), 1, this.#random)
    if (member) this.#sync(member.address)
  }

  /** Tables grow with the cluster; each node compares its own less often then, so that the cost stays the same. */
  #syncPauseMs(): number {
    const pause = this.#timing.syncIntervalMs * Math.min(16, Math.max(1, this.#membership.size / 32))
    return pause / 2 + this.#random.below(Math.ceil(pause))
  }

  #met(address: string, host: HostId | undefined): boolean {
    if (this.#membership.at(address)) return true
    const member = host === undefined ? undefined : this.#membership.get(host)
    return member !== undefined && member.state !== 'dead'
  }

  #gossipWhenDue(): void {
    if (this.#nowMs < this.#gossipAtMs || this.#membership.gossip.size === 0) return
    this.#gossipAtMs = this.#nowMs + this.#timing.gossipIntervalMs
    for (const { address } of sample(this.#membership.live(), this.#timing.gossipFanout, this.#random)) {
      this.#send(address, { kind: 'gossip' })
    }
  }

  #endLeaving(): void {
    if (this.#leftAtMs === null) return
    const alone = this.#membership.size === 1 && Number.isFinite(this.#leftAtMs)
    if (!alone && this.#nowMs - this.#leftAtMs < this.#timing.leaveSpreadMs) return
    this.#leftAtMs = Number.POSITIVE_INFINITY
    this.#output.events.push({ kind: 'leaveSpread' })
  }

  #sync(address: string): void {
    if (this.#syncs.size >= SYNCS_MAX || [...this.#syncs.values()].includes(address)) return
    const id = ++this.#syncId
    this.#syncs.set(id, address)
    const state = this.#encode({ kind: 'sync' }, this.#membership.table(), SYNC_BYTES_MAX)
    this.#output.syncs.push({ id, address, state })
  }

  // ---- packets -------------------------------------------------------------------------------------------------------------

  /** @returns the packet when it is one of this cluster. */
  #open(bytes: Uint8Array) {
    const decoded = decodePacket(bytes)
    if ('refused' in decoded) {
      this.counts[decoded.refused]++
      return undefined
    }
    if (!this.#isOurs(decoded.packet.header)) {
      this.counts.foreign++
      return undefined
    }
    return decoded.packet
  }

  #isOurs({ cluster, epoch }: Header): boolean {
    return cluster === this.#cluster && (epoch === this.#epoch || epoch === 0n || this.#epoch === 0n)
  }

  /** In words for the operator of the other node; null when nothing is wrong. */
  #whyNot(bytes: Uint8Array): string | null {
    const decoded = decodePacket(bytes)
    if ('refused' in decoded) return decoded.refused === 'otherVersion' ? 'run the same version' : 'malformed'
    const { header } = decoded.packet
    if (this.#isOurs(header)) return null
    return header.cluster === this.#cluster
      ? `another cluster of the same name: epoch ${this.#epoch} here, ${header.epoch} there`
      : `another cluster: ${this.#cluster.slice(0, 80)} here`
  }

  #learn(header: Header, updates: readonly Update[], via: 'gossip' | 'table'): void {
    const { host, address, incarnation } = header
    this.#membership.learn({ host, address, incarnation, state: 'alive', from: host }, 'sender')
    for (const update of updates) this.#membership.learn(update, via)
  }

  #answer(header: Header, body: Body): void {
    if (this.#leftAtMs !== null) return
    const to = header.address
    switch (body.kind) {
      case 'ping': {
        const { seq, target } = body
        this.#send(to, target === this.#options.host ? { kind: 'ack', seq } : { kind: 'gone', seq, target })
        break
      }
      case 'pingReq':
        this.#probing.relay(to, body.seq, { host: body.target, address: body.address })
        break
      case 'ack':
        this.#probing.acked(body.seq, header.host)
        break
      case 'nack':
        this.#probing.nacked(body.seq, header.host)
        break
      case 'gone':
        this.#probing.answeredByOther(body.seq, header.host, body.target)
        break
      case 'user':
        this.#output.events.push({ kind: 'user', from: header.host, bytes: body.bytes })
        break
      case 'gossip':
        break
      case 'sync':
      case 'syncReply':
      case 'refused':
        this.counts.malformed++
    }
  }

  /** What the accused hears first decides whether it can object in time. */
  #accuse(member: Member): void {
    this.#send(member.address, { kind: 'gossip' }, [{ ...member, from: this.#options.host }])
  }

  #send(to: string, body: Body, first: readonly Update[] = []): void {
    const { gossip, size } = this.#membership
    const accused = body.kind === 'ping' ? this.#accusationOf(body.target) : []
    const updates = [...first, ...accused, ...gossip.next()]
    const { bytes, updatesTaken } = this.#encodeSome(body, updates, PACKET_BYTES_MAX)
    gossip.wasSent(updates.slice(0, updatesTaken), this.#timing.retransmitMult * Math.ceil(Math.log2(size + 1)))
    this.#output.packets.push({ to, bytes })
  }

  #accusationOf(host: HostId): Update[] {
    const member = this.#membership.get(host)
    if (!member || member.state === 'alive') return []
    return [{ ...member, from: this.#options.host }]
  }

  #encode(body: Body, updates: readonly Update[], bytesMax: number): Uint8Array {
    return this.#encodeSome(body, updates, bytesMax).bytes
  }

  #encodeSome(body: Body, updates: readonly Update[], bytesMax: number) {
    const { host, address, incarnation } = this.#membership.self
    const header = { cluster: this.#cluster, epoch: this.#epoch, host, address, incarnation }
    return encodePacket({ header, body, updates }, bytesMax)
  }
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
