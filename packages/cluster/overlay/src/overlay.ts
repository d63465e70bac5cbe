/**
 * The cluster as one node sees it: who is in it, and what all stores say of themselves. The shell around GossipCore: the
 * UDP socket on gRPC's port number, calls over gRPC, names, timers.
 *
 * Two doors for the node: `report` takes what its own stores say, `onChange` tells that members or the picture changed.
 * Nothing here decides about data.
 */
import { type Clock, hostId, type HostId, KvError, type Log, type Random, type Timers } from '@base-kv/base'
import { HybridClock } from '@base-kv/hlc'
import { v1 } from '@base-kv/protocol'
import type { ServiceTable, TlsOptions } from '@base-kv/rpc'
import { type Member, type SwimTiming, SYNC_BYTES_MAX } from '@base-kv/swim'
import { type Datagrams, openDatagrams } from './datagrams.ts'
import { GossipCore } from './gossip-core.ts'
import { HostNames } from './host-names.ts'
import { type DescribedStore, LandscapeWriter, parseEntryKey } from './landscape-entries.ts'
import { drawPicture, type LandscapePicture } from './landscape-picture.ts'
import { ProposalsFile } from './proposals-file.ts'
import { DELIVER_PATH, PROBE_PATH, ReliableCalls, SYNC_PATH } from './reliable-calls.ts'
import { Seal } from './seal.ts'
import { watchSeeds } from './seed-names.ts'

const TICK_MS = 100
/** A changed descriptor goes out at most so often. */
const REPORT_MS = 200
/** Looked at even when nobody said that something changed. */
const REPORT_AT_LEAST_MS = 5_000
const HOUSEKEEPING_MS = 10_000
const REQUEST_BYTES_MAX = 6 * 1024 * 1024
/** Entries of the balancers' map, beside those of the landscape. */
const STATE_PREFIX = 'b/'
const NODE_NAMES_MAX = 4_096
/** A report, made of all descriptors, is made again only after so many times what it took. */
const REPORT_SHARE = 50
const LEAVE_WITHIN_MS = 1_500

export interface OverlayOptions {
  readonly host: HostId
  readonly cluster: string
  /** What others dial, `host:port`. */
  readonly address: string
  /** Addresses or names of others; the own one among them does no harm. */
  readonly seeds: readonly string[]
  /** Seals what is sent; several separated by commas, the first seals. */
  readonly secret: string | null
  readonly tls?: TlsOptions
  readonly timing?: Partial<SwimTiming>
  /** Where the operators' proposals are kept; absent: in memory only. */
  readonly proposalsFile?: string
}

/** What the balancers of a host say of themselves. */
export interface BalancerState {
  readonly host: HostId
  readonly live: boolean
  readonly key: string
  readonly value: Uint8Array
}

export interface OverlayDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** What this node's stores say of themselves, now. */
  describe(): readonly DescribedStore[]
  /** Members, or the picture, or both changed. */
  onChange?(): void
}

export class Overlay {
  readonly #options: OverlayOptions
  readonly #deps: OverlayDeps
  readonly #log: Log
  readonly #core: GossipCore
  readonly #seal: Seal
  readonly #names: HostNames
  readonly #calls: ReliableCalls
  readonly #writer: LandscapeWriter
  readonly #proposals: ProposalsFile | undefined
  readonly #refusals = new Map<string, string>()
  // Also of hosts that left lately. Invariant: at most NODE_NAMES_MAX, the oldest go.
  readonly #nodeNames = new Map<HostId, string>()
  #datagrams: Datagrams | undefined
  #stopSeeds: () => void = () => {}
  #cancelTick: () => void = () => {}
  #picture: LandscapePicture | undefined
  #stale = true
  #reportAtMs = 0
  #reportLatestMs = 0
  #housekeepingAtMs = 0
  #onLeft: () => void = () => {}
  /** Datagrams that were sealed with another secret, or bare where they must not be. */
  unopened = 0

  /** @throws KvError BadConfig for an address that nobody can dial */
  constructor(options: OverlayOptions, deps: OverlayDeps) {
    if (/^(0\.0\.0\.0|\[::\]|\*|):/.test(options.address)) {
      throw new KvError('BadConfig', `others would be told to dial "${options.address}", which nobody can`, {
        hint: 'set rpc.advertise to the name or address, with the port, that the other nodes reach',
      })
    }
    this.#options = options
    this.#deps = deps
    this.#log = deps.log.child({ part: 'gossip' })
    const { host, address, cluster, timing } = options
    const clock = new HybridClock({}, { clock: deps.clock })
    this.#core = new GossipCore(
      { host, address, cluster, ...(timing ? { timing } : {}) },
      { clock, random: deps.random },
    )
    this.#seal = new Seal(options.secret)
    const nowMs = () => deps.clock.monotonicMs()
    this.#names = new HostNames(nowMs)
    this.#calls = new ReliableCalls({ seal: this.#seal, tls: options.tls, log: this.#log, nowMs })
    const { proposalsFile } = options
    this.#proposals = proposalsFile
      ? new ProposalsFile(proposalsFile, { timers: deps.timers, log: this.#log })
      : undefined
    this.#writer = new LandscapeWriter((key, value) => this.#core.replicator.write(key, value))
  }

  /** For the gRPC server. */
  get service(): ServiceTable {
    return {
      requestBytesMax: REQUEST_BYTES_MAX,
      unary: {
        [PROBE_PATH]: (_request, _call, reply) => {
          reply(null, v1.GossipProbeReply.encode({ hostId: this.#options.host }).finish())
        },
        [SYNC_PATH]: (request, _call, reply) => {
          reply(null, v1.GossipSyncReply.encode(this.#synced(request)).finish())
        },
        [DELIVER_PATH]: (request, _call, reply) => {
          this.#delivered(request)
          reply(null, v1.GossipDeliverReply.encode({}).finish())
        },
      },
    }
  }

  /** Begins to listen and to dial. @param bind where the gRPC server listens @throws KvError BadConfig: UDP port taken */
  async start(bind: string): Promise<void> {
    // Before the first proposal is taken: it must count as made after these.
    for (const [key, register] of (await this.#proposals?.load()) ?? [])
      this.#core.replicator.loadRegister(key, register)
    this.#datagrams = await openDatagrams(bind, { names: this.#names, onDatagram: (bytes) => this.#heard(bytes) })
    const { seeds } = this.#options
    this.#stopSeeds = watchSeeds(seeds, {
      names: this.#names,
      timers: this.#deps.timers,
      log: this.#log,
      found: (addresses) => this.#core.swim.join(addresses),
    })
    this.#tick()
  }

  // ---- what the node tells ---------------------------------------------------------------------------------------------

  /** Some descriptor changed. */
  changed(): void {
    this.#stale = true
  }

  /** The cluster's identity, once this node belongs to one. */
  setEpoch(epoch: bigint): void {
    this.#core.swim.setEpoch(epoch)
  }

  /** Own words for the balancers' map; null takes them back. @returns false when there is no room */
  reportState(key: string, value: Uint8Array | null): boolean {
    return this.#core.replicator.write(STATE_PREFIX + key, value)
  }

  /** An operator's choice: the newest one wins everywhere. Empty takes it back. @returns false when there are too many keys */
  propose(key: string, value: Uint8Array): boolean {
    const written = this.#core.replicator.writeRegister(key, value) !== false
    this.#carry()
    return written
  }

  // ---- what the node sees ------------------------------------------------------------------------------------------------

  /** This one first; dead ones are shown until they come back or are replaced, those that left for a while. */
  members(): readonly Member[] {
    return this.#core.swim.members()
  }

  landscape(): LandscapePicture {
    this.#picture ??= drawPicture(this.#core.replicator.maps, (host) => this.#isLive(host))
    return this.#picture
  }

  /** What the node of a host is called; empty when its stores never told, or long after it left. */
  nodeName(host: HostId): string {
    return this.#nodeNames.get(host) ?? ''
  }

  states(): BalancerState[] {
    const { maps } = this.#core.replicator
    return [...maps.owners].flatMap((host) =>
      [...(maps.get(host)?.values() ?? [])].flatMap(([key, value]) =>
        key.startsWith(STATE_PREFIX)
          ? [{ host, live: this.#isLive(host), key: key.slice(STATE_PREFIX.length), value }]
          : [],
      ),
    )
  }

  /** What holds: without what was taken back. */
  proposals(): ReadonlyMap<string, Uint8Array> {
    const { entries } = this.#core.replicator.registers
    return new Map([...entries].flatMap(([key, { value }]) => (value.length > 0 ? [[key, value] as const] : [])))
  }

  /** How many packets were not taken in, and why. */
  counts(): Readonly<Record<string, number>> {
    const { counts } = this.#core.swim
    const { malformed, bogus, gaps, full, tooFarAhead } = this.#core.replicator.counts
    const tooFar = [...tooFarAhead.values()].reduce((sum, count) => sum + count, 0)
    return {
      ...Object.fromEntries(Object.entries(counts)),
      unopened: this.unopened,
      mapsMalformed: malformed,
      mapsBogus: bogus,
      gaps,
      full,
      tooFarAhead: tooFar,
    }
  }

  /** Says goodbye and stops. */
  async leave(): Promise<void> {
    if (this.#datagrams) {
      const spread = new Promise<void>((resolve) => {
        this.#onLeft = resolve
        this.#deps.timers.after(LEAVE_WITHIN_MS, resolve)
      })
      this.#core.swim.leave()
      this.#carry()
      await spread
    }
    await this.close()
  }

  /** Stops without a goodbye. */
  async close(): Promise<void> {
    this.#stopSeeds()
    this.#cancelTick()
    this.#cancelTick = () => {}
    this.#calls.close()
    const datagrams = this.#datagrams
    this.#datagrams = undefined
    await datagrams?.close()
    await this.#proposals?.close(this.#core.replicator.registers)
  }

  // ---- driving -----------------------------------------------------------------------------------------------------------

  #tick(): void {
    if (!this.#datagrams) return
    this.#cancelTick = this.#deps.timers.after(TICK_MS, () => this.#tick())
    const nowMs = this.#deps.clock.monotonicMs()
    this.#report(nowMs)
    this.#core.tick(nowMs)
    this.#carry()
    if (nowMs < this.#housekeepingAtMs) return
    this.#housekeepingAtMs = nowMs + HOUSEKEEPING_MS
    this.#calls.closeUnused()
  }

  #report(nowMs: number): void {
    if (nowMs < this.#reportAtMs || !(this.#stale || nowMs >= this.#reportLatestMs)) return
    this.#stale = false
    const refused = this.#writer.report(this.#deps.describe(), nowMs)
    const tookMs = this.#deps.clock.monotonicMs() - nowMs
    this.#reportAtMs = nowMs + Math.max(REPORT_MS, REPORT_SHARE * tookMs)
    this.#reportLatestMs = nowMs + REPORT_AT_LEAST_MS
    if (refused > 0) this.#log.warn('too many ranges to describe them all to the cluster', { refused })
  }

  #heard(sealed: Uint8Array): void {
    const bytes = this.#seal.open(sealed)
    if (!bytes) {
      this.unopened++
      return
    }
    this.#core.receive(bytes, this.#deps.clock.monotonicMs())
    this.#carry()
  }

  #synced(request: Uint8Array): v1.GossipSyncReply.$Properties {
    const table = this.#seal.open(v1.GossipSyncRequest.decode(request).table)
    if (!table || table.length > SYNC_BYTES_MAX) {
      this.unopened++
      return { refused: 'another cluster.secret is set there' }
    }
    const reply = this.#core.swim.syncRequested(table)
    this.#carry()
    return { table: this.#seal.close(reply) }
  }

  #delivered(request: Uint8Array): void {
    const { from, message } = v1.GossipDeliverRequest.decode(request)
    const bytes = this.#seal.open(message)
    if (!bytes || from.length === 0 || from.length > 64) this.unopened++
    else this.#core.bulkReceived(hostId(from), bytes)
    this.#carry()
  }

  #carry(): void {
    const { packets, probes, syncs, bulks, events, changes } = this.#core.take()
    for (const { to, bytes } of packets) this.#datagrams?.send(to, this.#seal.close(bytes))
    for (const { id, address, timeoutMs } of probes) {
      void this.#calls.probe(address, timeoutMs).then((host) => {
        this.#core.swim.probed(id, host)
        this.#carry()
      })
    }
    for (const { id, address, state } of syncs) void this.#sync(id, address, state)
    for (const { address, bytes } of bulks) this.#calls.deliver(address, this.#options.host, bytes)
    let news = changes.length > 0
    if (changes.some(({ kind }) => kind === 'register')) this.#proposals?.changed(this.#core.replicator.registers)
    for (const change of changes) if (change.kind === 'entry') this.#learnName(change.owner, change.key, change.value)
    for (const event of events) {
      switch (event.kind) {
        case 'member':
          this.#say(event.member, event.before)
          news = true
          break
        case 'refused':
          this.#refused(event.address, event.reason)
          break
        case 'superseded':
          this.#log.error('another process answers at this node’s address: this one counts as gone for the others', {
            address: this.#options.address,
          })
          break
        case 'leaveSpread':
          this.#onLeft()
      }
    }
    if (!news) return
    this.#picture = undefined
    this.#deps.onChange?.()
  }

  #learnName(host: HostId, key: string, value: Uint8Array | null): void {
    if (value === null || parseEntryKey(key)?.kind !== 's') return
    try {
      this.#nodeNames.set(host, v1.StoreDescriptor.decode(value).node)
    } catch {
      return
    }
    const [oldest] = this.#nodeNames.keys()
    if (this.#nodeNames.size > NODE_NAMES_MAX && oldest !== undefined) this.#nodeNames.delete(oldest)
  }

  async #sync(id: number, address: string, state: Uint8Array): Promise<void> {
    const outcome = await this.#calls.sync(address, state)
    if ('failed' in outcome && outcome.failed.includes('cluster.secret')) this.#refused(address, outcome.failed)
    this.#core.swim.syncAnswered(id, outcome)
    this.#carry()
  }

  /** Once for each address and reason: it is dialled for ever. */
  #refused(address: string, reason: string): void {
    if (this.#refusals.get(address) === reason) return
    if (this.#refusals.size > 1_000) this.#refusals.clear()
    this.#refusals.set(address, reason)
    this.#log.error('a node refuses this one', { address, reason })
  }

  #say(member: Member, before: Member | undefined): void {
    if (member.state === before?.state) return
    const { host, address, state } = member
    if (state === 'dead' || state === 'suspect') this.#log.warn(`a member is ${state}`, { host, address })
    else
      this.#log.info(state === 'left' ? 'a member left' : before ? 'a member is back' : 'a member joined', {
        host,
        address,
      })
  }

  #isLive(host: HostId): boolean {
    const state = this.#core.swim.member(host)?.state
    return state === 'alive' || state === 'suspect'
  }
}
