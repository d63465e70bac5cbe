/**
 * All ranges of one store on one machine: gives them turns, lets them share one log sync, and sorts peers' messages to
 * them.
 */
import { assert, KvError, type RangeId, rangeId, replicaId, type StoreId } from '@base-kv/base'
import { HybridClock, hlcToBigint } from '@base-kv/hlc'
import type { RangeDescriptor, RangeVersion, StoreDescriptor } from '@base-kv/landscape'
import type { v1 } from '@base-kv/protocol'
import { initialConfig, type Message } from '@base-kv/raft'
import type { Range } from '@base-kv/range'
import { chooseRanges, type RangeChoice } from './choose-ranges.ts'
import { describeDamaged } from './damaged-replica.ts'
import { dismissalFromWire, Dismissals, DismissalType } from './dismissal.ts'
import { Halves } from './halves.ts'
import { mergeTarget } from './merge-request.ts'
import { Merges } from './merges.ts'
import { Outbox } from './outbox.ts'
import { Overruled, type Renewed } from './overruled.ts'
import { fromWire } from './raft-wire.ts'
import { recoverAlone } from './recoveries.ts'
import { RangeSizes } from './range-sizes.ts'
import { Replicas } from './replicas.ts'
import { Sleepers } from './sleepers.ts'
import { requestFromWire, snapshotToChunks } from './snapshot-wire.ts'
import { makeRoomForView } from './read-views.ts'
import { defaultSnapshotPace, SnapshotPace } from './snapshot-pace.ts'
import type { HeldEpoch, StoreDeps, StoreOptions } from './store-deps.ts'
import { Turns } from './turns.ts'

/** Between two questions of an operator's. */
const QUIT_RETRY_MS = 100

export class Store {
  readonly id: StoreId
  readonly options: StoreOptions
  readonly #deps: StoreDeps
  readonly #replicas: Replicas
  readonly #ranges: ReadonlyMap<RangeId, Range>
  readonly #sleepers: Sleepers
  readonly #turns: Turns
  readonly #halves: Halves
  readonly #merges: Merges
  readonly #outbox: Outbox
  readonly #snapshotPace: SnapshotPace
  readonly #sizes: RangeSizes
  readonly #hlc: HybridClock
  #sendAsked = false
  #changeNoted = false
  readonly #dismissals: Dismissals
  readonly #overruled: Overruled
  #cancelTick: (() => void) | null = null
  #closed = false

  constructor(options: StoreOptions, deps: StoreDeps) {
    this.options = options
    this.#deps = deps
    const { storage, transport, log } = deps
    this.id = storage.identity.store
    this.#snapshotPace = new SnapshotPace(options.snapshotPace ?? defaultSnapshotPace, deps)
    this.#sizes = new RangeSizes(deps)
    this.#hlc = new HybridClock({}, deps)
    this.#outbox = new Outbox((to, messages) => transport.send(to, messages), log)
    this.#turns = new Turns({
      soon: (run) => deps.soon(run),
      isDiskFree: () => storage.log.busySinceMs === null,
      had: (range) => this.#hadTurn(range),
      ended: () => this.#outbox.flush(),
    })
    const { electionTimeoutMs } = options.range.raft
    this.#sleepers = new Sleepers({ store: this.id, electionTimeoutMs })
    this.#replicas = new Replicas(options, deps, {
      send: (id, messages) => this.#send(id, messages),
      schedule: (range, when) => this.#turns.schedule(range, when),
      runTurns: () => this.#turns.run(),
      changed: () => this.#noteChange(),
      forgotten: (range) => {
        this.#sleepers.gone(range)
        this.#turns.forget(range)
      },
      stirred: (id) => this.#stirred(id),
      between: {
        moved: (range) => this.#halves.moved(range),
        roomForHalf: (left, right) => this.#halves.roomFor(left, right),
        split: (left, right, half) => this.#halves.split(left, right, half),
        tell: (to, stores, message) => this.#merges.tell(to, stores, message),
        mergeeReady: (left, merge) => this.#merges.ready(left, merge),
        mergee: (right) => this.#merges.mergee(right),
        absorbed: (left, right) => this.#merges.absorbed(left, right),
        dismissed: (range, member) => this.#dismissals.tell(range, member),
      },
    })
    this.#ranges = this.#replicas.ranges
    this.#halves = new Halves(this.#replicas, { log, schedule: (range) => this.#turns.schedule(range) })
    this.#merges = new Merges(this.#replicas, {
      store: this.id,
      log,
      soon: (run) => deps.soon(run),
      send: (to, message) => this.#sendWire(to, message),
      reachable: () => transport.reachable(options.name),
      schedule: (range) => this.#turns.schedule(range),
    })
    this.#dismissals = new Dismissals({
      store: this.id,
      electionTimeoutMs,
      range: (id) => this.#ranges.get(id),
      rangeOf: (key) => this.rangeOf(key),
      // A sleeper has heard its leader, or is woken when the leader's node is lost.
      ranges: { [Symbol.iterator]: () => this.#sleepers.awake[Symbol.iterator]() },
      damaged: { [Symbol.iterator]: () => this.#replicas.damaged.values() },
      send: (to, message) => this.#sendWire(to, message),
      reachable: () => this.#deps.transport.reachable(this.options.name),
      witness: (id) => this.#overruled.by(id),
      dismissed: (id, replica) => this.#replicas.dismissed(id, replica),
      absorbed: (id, replica) => {
        if (!this.#merges.needs(id)) this.#replicas.dismissed(id, replica)
      },
    })
    this.#overruled = new Overruled({
      ranges: this.#ranges,
      tombstones: () => [...storage.log.destroyed].map((id) => [id, storage.log.tombstone(id) ?? replicaId(0)]),
      send: (message) => this.#dismissals.send(message),
      overruled: (range, by) => this.#replicas.damage(range, `its range was recovered without it: store ${by} says so`),
    })
    this.#replicas.openFound()
    this.#halves.movedAll()
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
    return this.#replicas.index.find(key)
  }

  /** How many ranges tick: the others sleep. */
  get awakeCount(): number {
    return this.#sleepers.awakeCount
  }

  get epoch(): HeldEpoch | null {
    return this.#replicas.epoch.held(() => [...this.#ranges.values()].some((range) => range.confirmed))
  }

  /** `more`: what was chosen goes on behind the last range. */
  describe(choice: RangeChoice = {}): StoreDescriptor & { readonly more: boolean } {
    const { storage, clock, cpuUsage } = this.#deps
    const { log, space } = storage
    const hlc = hlcToBigint(this.#hlc.now())
    const { chosen, more } = chooseRanges(this.#replicas, choice)
    const ranges = chosen.map(({ range, found }): RangeDescriptor => {
      if (!range) return { ...describeDamaged(found), statistics: {}, hlc }
      return { ...range.describe(), statistics: { ...this.#sizes.of(range.id), walSize: log.bytes(range.id) }, hlc }
    })
    const { name, node, host, address, attributes } = this.options
    const stalledMs = log.busySinceMs === null ? 0 : Math.round(clock.monotonicMs() - log.busySinceMs)
    const statistics = {
      'cpu.usage': cpuUsage(),
      'disk.free': space.freeBytes,
      'disk.total': space.totalBytes,
      'disk.stalledMs': stalledMs,
    }
    return { id: this.id, host, name, node, address, attributes, statistics, hlc, ranges, more }
  }

  /** Has the next `describe` tell newer sizes, if they can be had in that time. Ranges in which nothing changed cost nothing. */
  measure(patienceMs: number): Promise<void> {
    return this.#sizes.measure([...this.#ranges.keys()], patienceMs)
  }

  /**
   * Begins a new cluster: its first range, with these voters. The caller knows that none of them holds an epoch. The
   * others learn of it by the first message of the election; nothing is served before a majority confirmed it.
   */
  async bootstrap(voters: readonly StoreId[]): Promise<RangeId> {
    assert(this.epoch === null, 'a store takes part in one epoch at most')
    const id = rangeId(hlcToBigint(this.#hlc.now()), 0n)
    await this.#replicas.createFirst(id, initialConfig(voters))
    this.#deps.log.info('began a new cluster', { range: id, voters })
    this.#ranges.get(id)?.campaign()
    return id
  }

  /**
   * The range `left`, led here, takes its neighbour over. `ver`: what it must be, as it is now unless given. Resolves with
   * the merged range's version. @throws KvError
   */
  async merge(left: Range, right: RangeId, ver?: RangeVersion): Promise<RangeVersion> {
    const target = mergeTarget(left, right, this.#ranges.get(right))
    if (target instanceof KvError) throw target
    return left.merge(target, ver)
  }

  /**
   * A range that lost its quorum for good goes on with the replica here; what only the others had is lost. Durable when
   * resolved; the replica then elects itself. @throws KvError
   */
  recover(id: RangeId): Promise<Range> {
    const { storage, log } = this.#deps
    return recoverAlone(
      {
        store: this.id,
        storage,
        log,
        electionTimeoutMs: this.options.range.raft.electionTimeoutMs,
        replicas: this.#replicas,
        overruled: this.#overruled,
        reachable: () => this.#deps.transport.reachable(this.options.name),
      },
      id,
    )
  }

  /**
   * Has the replica here ask its group now whether it is still a member. Resolves with whether it is gone; it stays when
   * the group says nothing within `patienceMs`.
   */
  async quitIfDismissed(id: RangeId, patienceMs: number): Promise<boolean> {
    const { clock, timers } = this.#deps
    const untilMs = clock.monotonicMs() + patienceMs
    const isHere = () => this.#ranges.has(id) || this.#replicas.damaged.has(id) || this.#replicas.isInTransition(id)
    while (isHere()) {
      const range = this.#ranges.get(id)
      // It hears its leader: it is a member.
      if (range && range.leader !== null) return false
      if (clock.monotonicMs() >= untilMs || this.#closed) return false
      this.#dismissals.askNow(range, this.#replicas.damaged.get(id))
      await new Promise<void>((resolve) => void timers.after(QUIT_RETRY_MS, resolve))
    }
    return true
  }

  /** What peers are to be told when they meet. */
  get renewed(): readonly Renewed[] {
    return this.#overruled.renewed
  }

  /** A peer was met. */
  heardRenewed(from: StoreId, renewed: Iterable<Renewed>): void {
    this.#overruled.heard(from, renewed)
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
      if (question?.type === DismissalType.overruled) this.#overruled.receive(question)
      else if (question) this.#dismissals.receive(question)
      else if (!this.#merges.receive(wire)) this.#deps.log.debug('dropped a message that does not decode')
    }
    this.#turns.run()
  }

  #receiveOne(id: RangeId, message: Message): void {
    if (message.to.store !== this.id) return
    // What came before it in the frame may make the range: a split is committed, and its right half asks for votes.
    if (!this.#ranges.has(id)) this.#turns.runWhole()
    const range = this.#ranges.get(id)
    if (!range) {
      this.#replicas.receiveForUnknown(id, message)
      return
    }
    if (message.to.replica > range.self.replica) {
      // The group knows this store under a newer replica id: the one here was removed without hearing of it.
      this.#replicas.destroy(range)
      return
    }
    if (this.#overruled.answers(id, message, range.self)) return
    range.step(message)
    this.#turns.add(range)
  }

  /** A snapshot of a replica here, as chunks. @throws KvError */
  sendSnapshot(request: v1.PullSnapshotRequest, id: RangeId): AsyncIterable<v1.SnapshotChunk.$Properties> {
    const range = this.#ranges.get(id)
    if (!range || range.self.replica !== request.replica) {
      throw new KvError('NotFound', `range ${id} has no such replica here`)
    }
    const asked = requestFromWire(request)
    if (!asked.resume || !range.snapshotsOut.has(asked.resume.view)) makeRoomForView(this.#ranges.values())
    return snapshotToChunks(range.sendSnapshot(asked), (bytes) => this.#snapshotPace.take(bytes))
  }

  /** The connection to that store broke: what was on its way is lost. */
  peerDown(store: StoreId): void {
    for (const range of this.#ranges.values()) {
      range.peerUnreachable(store)
      // It may be dead: its followers here have slept because it lived, and a leader may be without a quorum now.
      if (range.leader === store || (range.isLeader && range.members.some((member) => member.store === store))) {
        range.wake()
      }
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
    await this.#replicas.close('this node stops')
    await this.#sizes.close()
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

  /** A store whose only replica is an empty one shares no range with anybody, and still has to ask somebody. */
  #hadTurn(range: Range): void {
    if (this.#ranges.get(range.id) === range) this.#sleepers.stirs(range)
    else this.#turns.forget(range)
    this.#stirred(range.id)
  }

  #send(range: RangeId, messages: readonly Message[]): void {
    this.#outbox.add(range, messages)
    this.#flushSoon()
  }

  #sendWire(to: StoreId, message: v1.RaftMessage.$Properties): void {
    this.#outbox.addWire(to, message)
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

  /** Something has happened to that replica: other ranges may wait for it. */
  #stirred(id: RangeId): void {
    this.#halves.stirred(id)
    this.#merges.stirred(id)
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
}
