/**
 * Membership and replicated maps put together, still without sockets: what the shell (overlay.ts) drives on a real network
 * and the simulator on its own. Messages of the maps ride on datagrams when they fit and on the reliable channel when not.
 *
 * Entries are taken only from owners that are members. Those of one that left are dropped at once, of one that died after
 * a while: most of the dead were only slow. Each node drops by itself. Nobody has to write anything for that, and an owner
 * that was alive after all needs not write again: the others find by comparing that they lack it.
 */
import type { HostId, Random } from '@base-kv/base'
import { type Change, defaultReplicatorOptions, Replicator } from '@base-kv/crdt'
import type { HybridClock } from '@base-kv/hlc'
import { type Member, type MemberEvent, Swim, type SwimOptions, type SwimOutput, USER_BYTES_MAX } from '@base-kv/swim'

/** Entries of a dead owner. */
export const DEAD_KEPT_MS = 60_000

export type GossipCoreOptions = SwimOptions

export interface CoreOutput extends Omit<SwimOutput, 'events'> {
  /** To hand over the reliable channel, as a message of the maps; lost ones are made up for by later ones. */
  readonly bulks: { readonly to: HostId; readonly address: string; readonly bytes: Uint8Array }[]
  readonly events: Exclude<MemberEvent, { readonly kind: 'user' }>[]
  readonly changes: Change[]
}

export class GossipCore {
  readonly swim: Swim
  readonly replicator: Replicator
  // When a member was found dead, in the time of `tick`.
  readonly #deadSinceMs = new Map<HostId, number>()
  #nowMs = 0
  #peersChanged = false
  #output = emptyOutput()

  constructor(options: GossipCoreOptions, deps: { readonly clock: HybridClock; readonly random: Random }) {
    this.swim = new Swim(options, deps)
    this.replicator = new Replicator(
      { ...defaultReplicatorOptions, host: options.host },
      { ...deps, accepts: (owner) => this.#accepts(owner) },
    )
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    this.swim.tick(nowMs)
    this.replicator.tick(nowMs)
    for (const [host, sinceMs] of this.#deadSinceMs) {
      if (nowMs - sinceMs < DEAD_KEPT_MS) break
      this.#deadSinceMs.delete(host)
      this.replicator.drop(host)
    }
    this.#settle()
  }

  /** A datagram: any bytes. */
  receive(bytes: Uint8Array, nowMs: number): void {
    this.swim.receive(bytes, nowMs)
    this.#settle()
  }

  /** A message of the maps over the reliable channel: any bytes. */
  bulkReceived(from: HostId, bytes: Uint8Array): void {
    const state = this.swim.member(from)?.state
    if (state === 'alive' || state === 'suspect') this.replicator.receive(from, bytes)
    this.#settle()
  }

  /** After calling `swim` or `replicator` directly as well. */
  take(): CoreOutput {
    this.#settle()
    const output = this.#output
    this.#output = emptyOutput()
    return output
  }

  #accepts(owner: HostId): boolean {
    const member = this.swim.member(owner)
    if (!member || member.state === 'left') return false
    return member.state !== 'dead' || this.#deadSinceMs.has(owner)
  }

  /** What one of the two machines has put out goes into the other, until both are quiet. */
  #settle(): void {
    for (;;) {
      const { packets, probes, syncs, events } = this.swim.take()
      this.#output.packets.push(...packets)
      this.#output.probes.push(...probes)
      this.#output.syncs.push(...syncs)
      for (const event of events) this.#happened(event)
      if (this.#peersChanged) this.#setPeers()
      const { messages, changes } = this.replicator.take()
      this.#output.changes.push(...changes)
      for (const { to, bytes } of messages) this.#send(to, bytes)
      if (events.length === 0 && messages.length === 0) return
    }
  }

  #happened(event: MemberEvent): void {
    if (event.kind === 'user') {
      const state = this.swim.member(event.from)?.state
      if (state === 'alive' || state === 'suspect') this.replicator.receive(event.from, event.bytes)
      return
    }
    this.#output.events.push(event)
    if (event.kind !== 'member') return
    this.#peersChanged = true
    const { host, state } = event.member
    if (state === 'dead') this.#deadSinceMs.set(host, this.#nowMs)
    else this.#deadSinceMs.delete(host)
    if (state === 'left') this.replicator.drop(host)
  }

  #setPeers(): void {
    this.#peersChanged = false
    const self = this.swim.self.host
    const isPeer = ({ host, state }: Member) => host !== self && (state === 'alive' || state === 'suspect')
    this.replicator.setPeers(
      this.swim
        .members()
        .filter(isPeer)
        .map(({ host }) => host),
    )
  }

  #send(to: HostId, bytes: Uint8Array): void {
    if (bytes.length <= USER_BYTES_MAX) return this.swim.send(to, bytes)
    const address = this.swim.member(to)?.address
    if (address !== undefined) this.#output.bulks.push({ to, address, bytes })
  }
}

const emptyOutput = (): CoreOutput => ({ packets: [], probes: [], syncs: [], bulks: [], events: [], changes: [] })
