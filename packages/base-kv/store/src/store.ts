/**
 * All ranges of one store on one machine: gives them turns, lets them share one log sync, and sorts peers' messages to
 * them.
 *
 * A range is in `#dirty` while it wants a turn. Turns run soon after the event that asked (one batch for all events of
 * one poll of the event loop), at once for peers' messages, and just before the log cuts a batch, so that everything
 * which arrived while the disk was busy rides in it.
 */
import {
  assert,
  type Clock,
  type HostId,
  KvError,
  type Log,
  logIndex,
  parseRangeId,
  type Random,
  type RangeId,
  rangeId,
  replicaId,
  type StoreId,
  term,
  type Timers,
} from '@base-kv/base'
import { HybridClock, hlcToBigint } from '@base-kv/hlc'
import type { RangeDescriptor, StoreDescriptor } from '@base-kv/landscape'
import type { v1 } from '@base-kv/protocol'
import { type Config, emptyConfig, initialConfig, type Member, type Message, MessageType } from '@base-kv/raft'
import { type Coprocessor, encodeState, firstState, Range, type RangeOptions } from '@base-kv/range'
import type { FoundRange, Storage } from '@base-kv/storage'
import { fromWire, toWire, wireRange, wireStore } from './raft-wire.ts'
import { snapshotFromChunks, snapshotToChunks } from './snapshot-wire.ts'

export interface StoreOptions {
  /** Service name, such as kv.store. */
  readonly name: string
  readonly node: string
  readonly host: HostId
  /** What peers and clients dial. */
  readonly address: string
  readonly tickMs: number
  readonly range: RangeOptions
}

/** The way to other stores. What cannot be sent is dropped. */
export interface StoreTransport {
  send(to: StoreId, messages: readonly v1.RaftMessage.$Properties[]): void
  pullSnapshot(from: StoreId, request: v1.PullSnapshotRequest.$Properties): AsyncIterable<v1.SnapshotChunk>
}

export interface StoreDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly transport: StoreTransport
  /** Runs after the events of this poll of the event loop: setImmediate. */
  soon(run: () => void): void
  makeCoprocessor(): Coprocessor
  /** Some descriptor changed. */
  changed(): void
}

/** The epoch that a store takes part in: at most one, for ever. */
export interface HeldEpoch {
  readonly epoch: string
  readonly confirmed: boolean
}

export class Store {
  readonly id: StoreId
  readonly options: StoreOptions
  readonly #deps: StoreDeps
  readonly #ranges = new Map<RangeId, Range>()
  // Replicas that take no part any more, as they were found.
  readonly #damaged = new Map<RangeId, FoundRange>()
  // Being created or destroyed: their messages are dropped meanwhile.
  readonly #inTransition = new Set<RangeId>()
  #dirty = new Set<Range>()
  #turnAsked = false
  #inTurns = false
  // Messages of this turn, by receiver.
  #outgoing = new Map<StoreId, v1.RaftMessage.$Properties[]>()
  #sendAsked = false
  #cancelTick: (() => void) | null = null
  #closed = false

  constructor(options: StoreOptions, deps: StoreDeps) {
    this.options = options
    this.#deps = deps
    this.id = deps.storage.identity.store
    for (const found of deps.storage.found) {
      if (found.state === 'damaged') {
        deps.log.error('a replica is damaged and takes no part any more', { range: found.range, reason: found.reason })
        this.#damaged.set(found.range, found)
      } else {
        this.#open(found)
      }
    }
    deps.storage.log.beforeFlush = () => this.#beforeFlush()
    this.#tick()
  }

  // ---- what services and operators ask -----------------------------------------------------------------------------------

  get ranges(): IterableIterator<Range> {
    return this.#ranges.values()
  }

  range(id: RangeId): Range | undefined {
    return this.#ranges.get(id)
  }

  /** The range here that holds `key`, if any. */
  rangeOf(_key: Uint8Array): Range | undefined {
    // One range covers all keys so far.
    for (const range of this.#ranges.values()) return range
    return undefined
  }

  get epoch(): HeldEpoch | null {
    for (const id of [...this.#ranges.keys(), ...this.#damaged.keys(), ...this.#inTransition]) {
      const parts = parseRangeId(id)
      assert(parts, 'range ids of a store are well formed')
      return { epoch: String(parts.epoch), confirmed: this.#ranges.get(id)?.confirmed ?? this.#damaged.has(id) }
    }
    return null
  }

  describe(): StoreDescriptor {
    const ranges: RangeDescriptor[] = [...this.#ranges.values()].map((range) => range.describe())
    for (const found of this.#damaged.values()) ranges.push(describeDamaged(found))
    const { name, node, host, address } = this.options
    return { id: this.id, host, name, node, address, ranges }
  }

  /**
   * Begins a new cluster: its first range, with these voters. The caller knows that none of them holds an epoch. The
   * others learn of it by the first message of the election; nothing is served before a majority confirmed it.
   */
  async bootstrap(voters: readonly StoreId[]): Promise<RangeId> {
    assert(this.epoch === null, 'a store takes part in one epoch at most')
    const hlc = new HybridClock({}, { clock: this.#deps.clock })
    const id = rangeId(hlcToBigint(hlc.now()), 0n)
    const config = initialConfig(voters)
    await this.#create(id, {
      replica: replicaId(1),
      hardState: { term: term(1), vote: null, commit: logIndex(1) },
      snapshot: { index: logIndex(1), term: term(1), config },
      data: firstRecord(config),
    })
    this.#deps.log.info('began a new cluster', { range: id, voters })
    this.#ranges.get(id)?.campaign()
    return id
  }

  // ---- what peers send ---------------------------------------------------------------------------------------------------

  /** Raft messages of one frame. Handled at once, with the turns that they ask for. */
  receive(messages: readonly v1.RaftMessage[]): void {
    if (this.#closed) return
    for (const wire of messages) {
      const decoded = fromWire(wire)
      if (!decoded) {
        this.#deps.log.debug('dropped a message that does not decode')
        continue
      }
      const { range: id, message } = decoded
      if (message.to.store !== this.id) continue
      const range = this.#ranges.get(id)
      if (!range) {
        this.#receiveForUnknown(id, message)
        continue
      }
      if (message.to.replica > range.self.replica) {
        // The group knows this store under a newer replica id: the one here was removed without hearing of it.
        void this.#destroy(range)
        continue
      }
      range.step(message)
      this.#dirty.add(range)
    }
    this.#runTurns()
  }

  /** A snapshot of a replica here, as chunks. @throws KvError */
  sendSnapshot(request: v1.PullSnapshotRequest, id: RangeId): AsyncIterable<v1.SnapshotChunk.$Properties> {
    const range = this.#ranges.get(id)
    if (!range || range.self.replica !== request.replica) {
      throw new KvError('NotFound', `range ${id} has no such replica here`)
    }
    return snapshotToChunks(range.sendSnapshot(logIndex(request.indexMin)))
  }

  /** The connection to that store broke: what was on its way is lost. */
  peerDown(store: StoreId): void {
    for (const range of this.#ranges.values()) range.peerUnreachable(store)
  }

  /** Another process serves that store now. */
  peerUp(): void {
    for (const range of this.#ranges.values()) range.wake()
  }

  // ---- stop --------------------------------------------------------------------------------------------------------------

  /** Hands every leadership over; resolves when none is left here, or after `patienceMs`. */
  async handOver(patienceMs: number): Promise<void> {
    const { clock } = this.#deps
    const deadlineMs = clock.monotonicMs() + patienceMs
    for (const range of this.#ranges.values()) {
      while (range.isLeader && clock.monotonicMs() < deadlineMs) {
        if (!range.handOver() && ![...range.describe().progress].some((peer) => peer.store !== this.id)) break
        await range.nextTurn()
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTick?.()
    for (const range of this.#ranges.values()) range.close('this node stops')
    await this.#deps.storage.close()
  }

  // ---- turns -------------------------------------------------------------------------------------------------------------

  #tick(): void {
    this.#cancelTick = this.#deps.timers.after(this.options.tickMs, () => {
      if (this.#closed) return
      for (const range of this.#ranges.values()) range.tick()
      this.#tick()
    })
  }

  #schedule(range: Range): void {
    this.#dirty.add(range)
    if (this.#turnAsked || this.#inTurns) return
    this.#turnAsked = true
    this.#deps.soon(() => {
      this.#turnAsked = false
      this.#runTurns()
    })
  }

  #runTurns(): void {
    if (this.#closed || this.#inTurns) return
    this.#inTurns = true
    const diskFree = this.#deps.storage.log.busySinceMs === null
    const ranges = this.#dirty
    this.#dirty = new Set()
    for (const range of ranges) range.turn(diskFree)
    this.#inTurns = false
    this.#sendOutgoing()
    // What became dirty during the turns runs after the events that wait meanwhile.
    if (this.#dirty.size > 0) {
      const [first] = this.#dirty
      if (first) this.#schedule(first)
    }
  }

  #beforeFlush(): void {
    if (this.#closed || this.#inTurns) return
    let any = false
    for (const range of this.#ranges.values()) {
      if (!range.hasWork) continue
      any = true
      this.#inTurns = true
      range.turn(true)
      this.#inTurns = false
    }
    if (any) this.#sendOutgoing()
    if (this.#dirty.size > 0) {
      const [first] = this.#dirty
      if (first) this.#schedule(first)
    }
  }

  #send(range: RangeId, messages: readonly Message[]): void {
    for (const message of messages) {
      const to = message.to.store
      let queue = this.#outgoing.get(to)
      if (!queue) this.#outgoing.set(to, (queue = []))
      queue.push(toWire(range, message))
    }
    if (this.#inTurns || this.#sendAsked) return
    this.#sendAsked = true
    queueMicrotask(() => {
      this.#sendAsked = false
      this.#sendOutgoing()
    })
  }

  #sendOutgoing(): void {
    if (this.#outgoing.size === 0) return
    const outgoing = this.#outgoing
    this.#outgoing = new Map()
    for (const [to, messages] of outgoing) this.#deps.transport.send(to, messages)
  }

  // ---- replicas come and go ------------------------------------------------------------------------------------------------

  #open(found: FoundRange): Range {
    const range = new Range(found, this.options.range, {
      storage: this.#deps.storage,
      clock: this.#deps.clock,
      random: this.#deps.random,
      log: this.#deps.log,
      coprocessor: this.#deps.makeCoprocessor(),
      send: (id, messages) => this.#send(id, messages),
      schedule: (which) => this.#schedule(which),
      changed: () => this.#deps.changed(),
      removed: (which) => void this.#destroy(which),
      pullSnapshot: (id, from, indexMin) => snapshotFromChunks(this.#pull(id, from, indexMin)),
    })
    this.#ranges.set(found.range, range)
    this.#schedule(range)
    return range
  }

  #pull(id: RangeId, from: Member, indexMin: number): AsyncIterable<v1.SnapshotChunk> {
    const { store, replica } = from
    return this.#deps.transport.pullSnapshot(store, {
      range: wireRange(id),
      store: wireStore(store),
      replica,
      indexMin,
    })
  }

  /**
   * A group names this store as a member: it gets an empty replica, which votes and then pulls the data. Never for a
   * replica that was here and left, and never for a second epoch.
   */
  #receiveForUnknown(id: RangeId, message: Message): void {
    if (this.#inTransition.has(id)) return
    const damaged = this.#damaged.get(id)
    if (damaged && message.to.replica <= damaged.replica) return
    const tombstone = this.#deps.storage.log.tombstone(id)
    if (tombstone !== undefined && message.to.replica <= tombstone) {
      if (message.type !== MessageType.gone) this.#send(id, [gone(message)])
      return
    }
    if (!FOUNDING.has(message.type)) return
    const held = this.epoch
    if (held && held.epoch !== String(parseRangeId(id)?.epoch)) return
    void this.#createEmpty(id, message, damaged)
  }

  async #createEmpty(id: RangeId, message: Message, damaged: FoundRange | undefined): Promise<void> {
    if (damaged) {
      this.#inTransition.add(id)
      try {
        await this.#deps.storage.destroyReplica(id, damaged.replica)
      } finally {
        this.#inTransition.delete(id)
      }
      this.#damaged.delete(id)
    }
    await this.#create(id, {
      replica: message.to.replica,
      hardState: { term: term(0), vote: null, commit: logIndex(0) },
      snapshot: { index: logIndex(0), term: term(0), config: emptyConfig },
      data: null,
    })
    this.#deps.log.info('holds a new replica', { range: id, replica: message.to.replica })
    this.#ranges.get(id)?.step(message)
    this.#runTurns()
  }

  async #create(id: RangeId, replica: Omit<FoundRange, 'range' | 'state' | 'reason' | 'lastIndex'>): Promise<void> {
    this.#inTransition.add(id)
    try {
      await this.#deps.storage.createReplica(id, replica)
      if (this.#closed) return
      this.#open({ ...replica, range: id, state: 'ok', reason: '', lastIndex: replica.snapshot.index })
    } finally {
      this.#inTransition.delete(id)
    }
    this.#deps.changed()
  }

  async #destroy(range: Range): Promise<void> {
    if (this.#inTransition.has(range.id) || this.#ranges.get(range.id) !== range) return
    this.#inTransition.add(range.id)
    this.#ranges.delete(range.id)
    range.close('this replica was removed from its range')
    try {
      await this.#deps.storage.destroyReplica(range.id, range.self.replica)
      this.#deps.log.info('removed a replica', { range: range.id, replica: range.self.replica })
    } finally {
      this.#inTransition.delete(range.id)
    }
    this.#deps.changed()
  }
}

/** Messages that a group sends to a member it expects to exist. */
const FOUNDING: ReadonlySet<number> = new Set([
  MessageType.preVote,
  MessageType.vote,
  MessageType.append,
  MessageType.heartbeat,
  MessageType.snapshotOffer,
])

const firstRecord = (config: Config) => ({
  boundary: firstState(config).boundary,
  applied: { index: logIndex(1), term: term(1) },
  state: encodeState(firstState(config)),
})

/** Answer to a message for a replica that left for good. */
const gone = (message: Message): Message => ({
  type: MessageType.gone,
  from: message.to,
  to: message.from,
  term: message.term,
  index: logIndex(0),
  logTerm: term(0),
  commit: logIndex(0),
  entries: [],
  reject: false,
  hintIndex: logIndex(0),
  hintTerm: term(0),
  round: 0,
  force: false,
  snapshot: null,
})

const noMembers = { voters: [], learners: [], nextVoters: [], nextLearners: [] }

function describeDamaged(found: FoundRange): RangeDescriptor {
  const stores = (list: Config['voters']): StoreId[] => list.map((member) => member.store)
  const { config } = found.snapshot
  return {
    id: found.range,
    ver: { high: 0, low: 0 },
    boundary: found.data?.boundary ?? { start: null, end: null },
    state: 'Normal',
    role: 'Follower',
    config: config ? { ...noMembers, voters: stores(config.voters), learners: stores(config.learners) } : noMembers,
    term: found.hardState.term,
    leader: null,
    commit: found.hardState.commit,
    applied: found.data?.applied.index ?? logIndex(0),
    flushed: found.data?.applied.index ?? logIndex(0),
    lastIndex: found.lastIndex,
    snapshotIndex: found.snapshot.index,
    progress: [],
    damage: found.reason,
  }
}
