/**
 * All ranges of one store on one machine: gives them turns, lets them share one log sync, and sorts peers' messages to
 * them.
 */
import {
  assert,
  compareStarts,
  KvError,
  limits,
  logIndex,
  type RangeId,
  rangeId,
  type ReplicaId,
  replicaId,
  type StoreId,
  term,
} from '@base-kv/base'
import { HybridClock, hlcToBigint } from '@base-kv/hlc'
import type { RangeDescriptor, StoreDescriptor } from '@base-kv/landscape'
import type { v1 } from '@base-kv/protocol'
import { type Config, emptyConfig, initialConfig, type Member, type Message, MessageType } from '@base-kv/raft'
import { encodeState, firstState, Range } from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'
import { contradiction, describeDamaged, gone } from './damaged-replica.ts'
import { dismissalFromWire, Dismissals } from './dismissal.ts'
import { EpochMembership } from './epoch-membership.ts'
import { Halves } from './halves.ts'
import { Outbox } from './outbox.ts'
import { fromWire, wireRange, wireStore } from './raft-wire.ts'
import { RangeIndex } from './range-index.ts'
import { Sleepers } from './sleepers.ts'
import type { HeldEpoch, StoreDeps, StoreOptions } from './store-deps.ts'
import { snapshotFromChunks, snapshotToChunks } from './snapshot-wire.ts'
import { Turns } from './turns.ts'

export class Store {
  readonly id: StoreId
  readonly options: StoreOptions
  readonly #deps: StoreDeps
  readonly #ranges = new Map<RangeId, Range>()
  readonly #index = new RangeIndex(() => this.#ranges.values())
  readonly #sleepers: Sleepers
  // Replicas that take no part any more, as they were found.
  readonly #damaged = new Map<RangeId, FoundRange>()
  // Being created or destroyed: their messages are dropped meanwhile.
  readonly #inTransition = new Set<RangeId>()
  // What still uses the storage: it is closed behind them.
  readonly #background = new Set<Promise<void>>()
  readonly #epoch = new EpochMembership()
  readonly #turns: Turns
  readonly #halves: Halves
  readonly #outbox: Outbox
  #sendAsked = false
  #changeNoted = false
  readonly #dismissals: Dismissals
  #cancelTick: (() => void) | null = null
  #closed = false

  constructor(options: StoreOptions, deps: StoreDeps) {
    this.options = options
    this.#deps = deps
    const { storage, transport, log } = deps
    this.id = storage.identity.store
    this.#outbox = new Outbox((to, messages) => transport.send(to, messages), log)
    this.#turns = new Turns({
      soon: (run) => deps.soon(run),
      isDiskFree: () => storage.log.busySinceMs === null,
      had: (range) => this.#hadTurn(range),
      ended: () => this.#outbox.flush(),
    })
    this.#halves = new Halves({
      ranges: this.#ranges,
      index: this.#index,
      log,
      isInTransition: (id) => this.#inTransition.has(id),
      open: (found) => this.#open(found),
      drop: (range, why) => {
        this.#forget(range)
        this.#inBackground(range.close(why))
      },
      destroy: (range) => this.#destroy(range),
      schedule: (range) => this.#turns.schedule(range),
    })
    const { electionTimeoutMs } = options.range.raft
    this.#sleepers = new Sleepers(electionTimeoutMs)
    this.#dismissals = new Dismissals({
      store: this.id,
      electionTimeoutMs,
      range: (id) => this.#ranges.get(id),
      // A sleeper has heard its leader, or is woken when the leader's node is lost.
      ranges: { [Symbol.iterator]: () => this.#sleepers.awake[Symbol.iterator]() },
      damaged: { [Symbol.iterator]: () => this.#damaged.values() },
      send: (to, message) => {
        this.#outbox.addWire(to, message)
        this.#flushSoon()
      },
      dismissed: (id, replica) => this.#dismissed(id, replica),
    })
    for (const id of storage.log.destroyed) this.#epoch.holdConfirmed(id)
    for (const found of storage.found) {
      this.#epoch.hold(found.range)
      this.#openFound(found)
    }
    for (const range of [...this.#ranges.values()]) this.#halves.moved(range)
    storage.log.beforeFlush = () => this.#turns.beforeFlush()
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
  rangeOf(key: Uint8Array): Range | undefined {
    return this.#index.find(key)
  }

  /** How many ranges tick: the others sleep. */
  get awakeCount(): number {
    return this.#sleepers.awakeCount
  }

  get epoch(): HeldEpoch | null {
    return this.#epoch.held(() => [...this.#ranges.values()].some((range) => range.confirmed))
  }

  describe(): StoreDescriptor {
    const ranges: RangeDescriptor[] = [...this.#ranges.values()].map((range) => range.describe())
    for (const found of this.#damaged.values()) ranges.push(describeDamaged(found))
    ranges.sort((a, b) => compareStarts(a.boundary.start, b.boundary.start) || b.ver.high - a.ver.high)
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
    this.#epoch.hold(id)
    await this.#alone(id, () =>
      this.#create(id, {
        replica: replicaId(1),
        hardState: { term: term(1), vote: null, commit: logIndex(1) },
        snapshot: { index: logIndex(1), term: term(1), config },
        data: firstRecord(config),
      }),
    )
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
      if (decoded) {
        this.#receiveOne(decoded.range, decoded.message)
        continue
      }
      const question = dismissalFromWire(wire)
      if (question) this.#dismissals.receive(question)
      else this.#deps.log.debug('dropped a message that does not decode')
    }
    this.#turns.run()
  }

  #receiveOne(id: RangeId, message: Message): void {
    if (message.to.store !== this.id) return
    // What came before it in the frame may make the range: a split is committed, and its right half asks for votes.
    if (!this.#ranges.has(id)) this.#turns.run()
    const range = this.#ranges.get(id)
    if (!range) {
      this.#receiveForUnknown(id, message)
      return
    }
    if (message.to.replica > range.self.replica) {
      // The group knows this store under a newer replica id: the one here was removed without hearing of it.
      this.#destroy(range)
      return
    }
    range.step(message)
    this.#turns.add(range)
  }

  /** A snapshot of a replica here, as chunks. @throws KvError */
  sendSnapshot(request: v1.PullSnapshotRequest, id: RangeId): AsyncIterable<v1.SnapshotChunk.$Properties> {
    const range = this.#ranges.get(id)
    if (!range || range.self.replica !== request.replica) {
      throw new KvError('NotFound', `range ${id} has no such replica here`)
    }
    const open = [...this.#ranges.values()].reduce((sum, one) => sum + one.snapshotsOut, 0)
    if (open >= limits.readViewsMax) {
      throw new KvError('TryLater', `${open} snapshots are being sent from here already`, { hint: 'pull again later' })
    }
    return snapshotToChunks(range.sendSnapshot(logIndex(request.indexMin)))
  }

  /** The connection to that store broke: what was on its way is lost. */
  peerDown(store: StoreId): void {
    for (const range of this.#ranges.values()) {
      range.peerUnreachable(store)
      // It may be dead: its followers here have slept because it lived.
      if (range.leader === store) range.wake()
    }
  }

  /** Another process serves that store now: what it knew and did not write down is lost. */
  peerUp(store: StoreId): void {
    for (const range of this.#ranges.values()) {
      if (range.members.some((member) => member.store === store)) range.wake()
    }
  }

  // ---- stop --------------------------------------------------------------------------------------------------------------

  /** Hands every leadership over; resolves when none is left here, or after `patienceMs`. */
  async handOver(patienceMs: number): Promise<void> {
    const { clock } = this.#deps
    const deadlineMs = clock.monotonicMs() + patienceMs
    const handOver = async (range: Range): Promise<void> => {
      while (range.isLeader && clock.monotonicMs() < deadlineMs) {
        if (!range.handOver() && !range.describe().progress.some((peer) => peer.store !== this.id)) break
        // Closed meanwhile: it leads no more.
        await range.nextTurn().catch(() => {})
      }
    }
    await Promise.all([...this.#ranges.values()].map(handOver))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#turns.stop()
    this.#cancelTick?.()
    await Promise.all([...this.#ranges.values()].map((range) => range.close('this node stops')))
    await Promise.allSettled(this.#background)
    await this.#deps.storage.close()
  }

  // ---- turns -------------------------------------------------------------------------------------------------------------

  #tick(): void {
    this.#cancelTick = this.#deps.timers.after(this.options.tickMs, () => {
      if (this.#closed) return
      const nowMs = this.#deps.clock.monotonicMs()
      this.#sleepers.tick(nowMs, this.#ranges.values())
      this.#dismissals.tick(nowMs)
      this.#outbox.flushNews()
      this.#tick()
    })
  }

  #hadTurn(range: Range): void {
    if (this.#ranges.get(range.id) === range) this.#sleepers.stirs(range)
    else this.#turns.forget(range)
    this.#halves.stirred(range.id)
  }

  #send(range: RangeId, messages: readonly Message[]): void {
    this.#outbox.add(range, messages)
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#turns.isRunning || this.#sendAsked) return
    this.#sendAsked = true
    queueMicrotask(() => {
      this.#sendAsked = false
      this.#outbox.flush()
    })
  }

  /** Many ranges may change in one turn: who listens is told once. */
  #noteChange(): void {
    if (this.#changeNoted) return
    this.#changeNoted = true
    queueMicrotask(() => {
      this.#changeNoted = false
      this.#deps.changed()
    })
  }

  // ---- replicas come and go ------------------------------------------------------------------------------------------------

  #openFound(found: FoundRange): void {
    if (found.state === 'damaged') {
      this.#deps.log.error('a replica is damaged and takes no part any more', {
        range: found.range,
        reason: found.reason,
      })
      this.#epoch.holdConfirmed(found.range)
      this.#damaged.set(found.range, found)
      return
    }
    let reason = contradiction(found)
    try {
      if (reason === null) this.#open(found)
    } catch (thrown) {
      if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
      reason = thrown.message
    }
    if (reason !== null) this.#takeOut(found, reason)
  }

  /** Durably: it never votes or acknowledges again. */
  #takeOut(found: FoundRange, reason: string): void {
    this.#epoch.holdConfirmed(found.range)
    this.#damaged.set(found.range, { ...found, state: 'damaged', reason })
    void this.#alone(found.range, () => this.#deps.storage.markDamaged(found.range, reason))
  }

  #damagedNow(range: Range, reason: string): void {
    const { id } = range
    if (this.#ranges.get(id) !== range) return
    const { log, data } = this.#deps.storage
    const { term: newest, commit } = range.describe()
    this.#forget(range)
    const closed = range.close('this replica is damaged')
    this.#inBackground(closed)
    this.#takeOut(
      {
        range: id,
        replica: range.self.replica,
        state: 'damaged',
        reason,
        hardState: { term: newest, vote: null, commit },
        snapshot: log.snapshot(id),
        lastIndex: log.lastIndex(id),
        data: data.has(id) ? data.range(id).record : null,
      },
      reason,
    )
    this.#noteChange()
  }

  #open(found: FoundRange): Range {
    const range = new Range(found, this.options.range, {
      storage: this.#deps.storage,
      clock: this.#deps.clock,
      random: this.#deps.random,
      log: this.#deps.log,
      coprocessor: this.#deps.makeCoprocessor(),
      send: (id, messages) => this.#send(id, messages),
      schedule: (which) => this.#turns.schedule(which),
      changed: () => this.#noteChange(),
      moved: (which) => this.#halves.moved(which),
      roomForHalf: (left, right) => this.#halves.roomFor(left, right),
      split: (left, right, half) => this.#halves.split(left, right, half),
      removed: (which) => this.#destroy(which),
      damaged: (which, reason) => this.#damagedNow(which, reason),
      dismissed: (which, member) => this.#dismissals.tell(which, member),
      pullSnapshot: (id, from, indexMin) => snapshotFromChunks(this.#pull(id, from, indexMin)),
    })
    this.#ranges.set(found.range, range)
    this.#turns.schedule(range)
    return range
  }

  #forget(range: Range): void {
    this.#ranges.delete(range.id)
    this.#index.changed()
    this.#sleepers.gone(range)
    this.#turns.forget(range)
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
    const neverAgain = Math.max(damaged?.replica ?? -1, this.#deps.storage.log.tombstone(id) ?? -1)
    if (message.to.replica <= neverAgain) {
      if (message.type !== MessageType.gone) this.#send(id, [gone(message)])
      return
    }
    if (!FOUNDING.has(message.type)) return
    if (!this.#epoch.admits(id)) return
    this.#epoch.hold(id)
    void this.#alone(id, () => this.#createEmpty(id, message, damaged))
  }

  async #createEmpty(id: RangeId, message: Message, damaged: FoundRange | undefined): Promise<void> {
    if (damaged) {
      await this.#deps.storage.destroyReplica(id, damaged.replica)
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
    this.#turns.run()
  }

  async #create(id: RangeId, replica: Omit<FoundRange, 'range' | 'state' | 'reason' | 'lastIndex'>): Promise<void> {
    if (this.#closed) return
    await this.#deps.storage.createReplica(id, replica)
    if (this.#closed) return
    this.#open({ ...replica, range: id, state: 'ok', reason: '', lastIndex: replica.snapshot.index })
    this.#index.changed()
    this.#noteChange()
  }

  #destroy(range: Range): void {
    const { id, self } = range
    if (this.#inTransition.has(id) || this.#ranges.get(id) !== range) return
    this.#forget(range)
    const closed = range.close('this replica was removed from its range')
    void this.#alone(id, async () => {
      await closed
      await this.#deps.storage.destroyReplica(id, self.replica)
      this.#deps.log.info('removed a replica', { range: id, replica: self.replica })
      this.#noteChange()
    })
  }

  /** One thing at a time with a replica: its messages are dropped meanwhile, as if the network had lost them. */
  #alone(id: RangeId, work: () => Promise<void>): Promise<void> {
    assert(!this.#inTransition.has(id), () => `two things at once with the replica of ${id}`)
    this.#inTransition.add(id)
    const done = work().finally(() => {
      this.#inTransition.delete(id)
      this.#halves.stirred(id)
    })
    this.#inBackground(done)
    return done
  }

  #inBackground(work: Promise<void>): void {
    const settled: Promise<void> = work
      .catch((thrown: unknown) => {
        // A failed write has poisoned the storage: the process is ending.
        if (!(thrown instanceof KvError)) throw thrown
        this.#deps.log.error('could not change a replica', { error: thrown.message })
      })
      .finally(() => this.#background.delete(settled))
    this.#background.add(settled)
  }

  #dismissed(id: RangeId, replica: ReplicaId): void {
    const range = this.#ranges.get(id)
    if (range?.self.replica === replica) this.#destroy(range)
    if (this.#damaged.get(id)?.replica !== replica || this.#inTransition.has(id)) return
    void this.#alone(id, async () => {
      await this.#deps.storage.destroyReplica(id, replica)
      this.#damaged.delete(id)
      this.#noteChange()
    })
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
