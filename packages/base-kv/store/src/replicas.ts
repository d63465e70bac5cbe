/**
 * The replicas of a store come and go: found at the start, created by the first message that names this store, or by the
 * store itself; destroyed once they are certainly no members any more; taken out when they are damaged.
 */
import {
  assert,
  covers,
  killPoint,
  KvError,
  logIndex,
  type RangeId,
  type ReplicaId,
  replicaId,
  term,
} from '@base-kv/base'
import { type Config, emptyConfig, type Member, type Message, MessageType } from '@base-kv/raft'
import {
  encodeState,
  firstState,
  type Install,
  Range,
  type RangeDeps,
  type ReplicatedState,
  type SnapshotRequest,
  type TurnTime,
} from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'
import { contradiction, gone } from './damaged-replica.ts'
import { EpochMembership } from './epoch-membership.ts'
import { wireRange, wireStore } from './raft-wire.ts'
import { RangeIndex } from './range-index.ts'
import { requestToWire, snapshotFromChunks } from './snapshot-wire.ts'
import type { StoreDeps, StoreOptions } from './store-deps.ts'

/** What a new replica begins with. */
type NewReplica = Omit<FoundRange, 'range' | 'state' | 'reason' | 'lastIndex'>

export interface ReplicasHost {
  send(range: RangeId, messages: readonly Message[]): void
  schedule(range: Range, when?: TurnTime): void
  /** A message was handled outside of a turn. */
  runTurns(): void
  /** Some descriptor changed. */
  changed(): void
  /** That range gets no turn and no tick any more. */
  forgotten(range: Range): void
  /** Something has happened to that replica. */
  stirred(id: RangeId): void
  /** What ranges say to one another through the store. */
  readonly between: Pick<
    RangeDeps,
    'moved' | 'roomForHalf' | 'split' | 'tell' | 'mergeeReady' | 'mergee' | 'absorbed' | 'dismissed'
  >
}

export class Replicas {
  readonly #options: StoreOptions
  readonly #deps: StoreDeps
  readonly #host: ReplicasHost
  readonly #ranges = new Map<RangeId, Range>()
  readonly index = new RangeIndex(() => this.#ranges.values())
  readonly epoch = new EpochMembership()
  // Replicas that take no part any more, as they were found.
  readonly #damaged = new Map<RangeId, FoundRange>()
  // Being created or destroyed: their messages are dropped meanwhile.
  readonly #inTransition = new Set<RangeId>()
  // What still uses the storage: it is closed behind them.
  readonly #background = new Set<Promise<void>>()
  #closed = false

  constructor(options: StoreOptions, deps: StoreDeps, host: ReplicasHost) {
    this.#options = options
    this.#deps = deps
    this.#host = host
  }

  get ranges(): ReadonlyMap<RangeId, Range> {
    return this.#ranges
  }

  get damaged(): ReadonlyMap<RangeId, FoundRange> {
    return this.#damaged
  }

  isInTransition(id: RangeId): boolean {
    return this.#inTransition.has(id)
  }

  /** What the storage found; once, before anything else. */
  openFound(): void {
    const { storage } = this.#deps
    for (const id of storage.log.destroyed) this.epoch.holdConfirmed(id)
    for (const found of storage.found) {
      this.epoch.hold(found.range)
      this.#openOne(found)
    }
  }

  open(found: FoundRange): Range {
    const { storage, clock, random, log, makeCoprocessor } = this.#deps
    const { schedule, send, changed, between } = this.#host
    const range = new Range(found, this.#options.range, {
      ...between,
      host: this.#options.host,
      storage,
      clock,
      random,
      log,
      coprocessor: makeCoprocessor(),
      send,
      schedule,
      changed,
      removed: (which) => this.destroy(which),
      damaged: (which, reason) => this.damage(which, reason),
      pullSnapshot: (id, from, request) => snapshotFromChunks(this.#pull(id, from, request)),
      takeOver: (which, arriving, install) => this.#takeOver(which, arriving, install),
    })
    this.#ranges.set(found.range, range)
    schedule(range)
    return range
  }

  /** The first replica of a new cluster. */
  createFirst(id: RangeId, config: Config): Promise<void> {
    this.epoch.hold(id)
    return this.#alone(id, () =>
      this.#create(id, {
        replica: FIRST_REPLICA,
        hardState: { term: term(1), vote: null, commit: logIndex(1) },
        snapshot: { index: logIndex(1), term: term(1), config },
        data: firstRecord(config),
      }),
    )
  }

  /**
   * A group names this store as a member: it gets an empty replica, which votes and then pulls the data. Never for a
   * replica that was here and left, and never for a second epoch.
   */
  receiveForUnknown(id: RangeId, message: Message): void {
    if (this.#inTransition.has(id)) return
    const damaged = this.#damaged.get(id)
    const neverAgain = Math.max(damaged?.replica ?? -1, this.#deps.storage.log.tombstone(id) ?? -1)
    if (message.to.replica <= neverAgain) {
      if (message.type !== MessageType.gone) this.#host.send(id, [gone(message)])
      return
    }
    if (!FOUNDING.has(message.type)) return
    if (!this.epoch.admits(id)) return
    this.epoch.hold(id)
    void this.#alone(id, () => this.#createEmpty(id, message, damaged))
  }

  destroy(range: Range): void {
    const { id, self } = range
    if (this.#inTransition.has(id) || this.#ranges.get(id) !== range) return
    this.#forget(range)
    const closed = range.close('this replica was removed from its range')
    void this.#alone(id, async () => {
      await closed
      await this.#deps.storage.destroyReplica(id, self.replica)
      this.#deps.log.info('removed a replica', { range: id, replica: self.replica })
      this.#host.changed()
    })
  }

  /** It is replaced by what is opened next. */
  drop(range: Range, why: string): void {
    this.#forget(range)
    this.#inBackground(range.close(why))
  }

  /** It ends in this turn: another one here has taken its keys over. Its messages are dropped until that is on disk. */
  absorb(range: Range): void {
    this.#ranges.delete(range.id)
    this.#host.forgotten(range)
    this.#inTransition.add(range.id)
    this.#inBackground(range.closeAbsorbed('this range was merged into its left neighbour'))
  }

  /** That stands on disk; a tombstone takes the place of its log. */
  absorbed(id: RangeId): void {
    queueMicrotask(() => {
      this.#inTransition.delete(id)
      this.#host.stirred(id)
    })
  }

  /** That replica is certainly no member any more. */
  dismissed(id: RangeId, replica: ReplicaId): void {
    const range = this.#ranges.get(id)
    if (range?.self.replica === replica) this.destroy(range)
    if (this.#damaged.get(id)?.replica !== replica || this.#inTransition.has(id)) return
    void this.#alone(id, async () => {
      await this.#deps.storage.destroyReplica(id, replica)
      this.#damaged.delete(id)
      this.#host.changed()
    })
  }

  /** Durably: it takes no part any more. */
  damage(range: Range, reason: string): void {
    const { id } = range
    if (this.#ranges.get(id) !== range) return
    const found = { ...this.#deps.storage.replica(id), state: 'damaged' as const }
    this.drop(range, 'this replica takes no part any more')
    this.#takeOut(found, reason)
    this.#host.changed()
  }

  /** `work` with a replica that has ended, and alone; begins what it gives. */
  async reopen(range: Range, work: () => Promise<FoundRange>): Promise<Range> {
    this.#forget(range)
    const closed = range.close('this replica begins anew')
    let begun: Range | null = null
    await this.#alone(range.id, async () => {
      await closed
      const found = await work()
      if (this.#closed) return
      begun = this.open(found)
      this.index.changed()
      this.#host.changed()
    })
    if (begun === null) throw new KvError('TryLater', 'this node stops')
    return begun
  }

  /** Resolves when nothing of them uses the storage. */
  async close(why: string): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#ranges.values()].map((range) => range.close(why)))
    await Promise.allSettled(this.#background)
  }

  // ---- damage ------------------------------------------------------------------------------------------------------------

  #openOne(found: FoundRange): void {
    if (found.state === 'damaged') {
      this.#deps.log.error('a replica is damaged and takes no part any more', {
        range: found.range,
        reason: found.reason,
      })
      this.epoch.holdConfirmed(found.range)
      this.#damaged.set(found.range, found)
      return
    }
    let reason = contradiction(found)
    try {
      if (reason === null) this.open(found)
    } catch (thrown) {
      if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
      reason = thrown.message
    }
    if (reason !== null) this.#takeOut(found, reason)
  }

  /** Durably: it never votes or acknowledges again. */
  #takeOut(found: FoundRange, reason: string): void {
    this.epoch.holdConfirmed(found.range)
    this.#damaged.set(found.range, { ...found, state: 'damaged', reason })
    void this.#alone(found.range, () => this.#deps.storage.markDamaged(found.range, reason))
  }

  // ---- create ------------------------------------------------------------------------------------------------------------

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
    this.#host.runTurns()
  }

  async #create(id: RangeId, replica: NewReplica): Promise<void> {
    if (this.#closed) return
    killPoint('replica.create')
    await this.#deps.storage.createReplica(id, replica)
    killPoint('replica.created')
    if (this.#closed) return
    this.open({ ...replica, range: id, state: 'ok', reason: '', lastIndex: replica.snapshot.index })
    this.index.changed()
    this.#host.changed()
  }

  #forget(range: Range): void {
    this.#ranges.delete(range.id)
    this.index.changed()
    this.#host.forgotten(range)
  }

  /**
   * What an arriving snapshot covers and is older here was absorbed meanwhile, or split off what was: such a group has
   * ended for good, since each key belongs to ever newer ranges. It goes in the same batch in which the snapshot comes.
   */
  async #takeOver(range: Range, { boundary, ver }: ReplicatedState, install: Install): Promise<void> {
    const replaced = [...this.#ranges.values()].filter(
      (other) =>
        other !== range &&
        other.boundary !== null &&
        other.ver.high < ver.high &&
        covers(boundary, other.boundary) &&
        !this.#inTransition.has(other.id),
    )
    const ids = replaced.map(({ id }) => id)
    const closed = replaced.map((other) => {
      this.#forget(other)
      return other.close('a snapshot of the range that absorbed this one has come')
    })
    const done = Promise.all(closed).then(() => install(ids))
    for (const id of ids) void this.#alone(id, () => done)
    await done
    if (ids.length > 0) this.#deps.log.info('a snapshot replaces older ranges', { range: range.id, replaced: ids })
  }

  #pull(id: RangeId, from: Member, request: SnapshotRequest) {
    const { store, replica } = from
    return this.#deps.transport.pullSnapshot(store, {
      range: wireRange(id),
      store: wireStore(store),
      replica,
      ...requestToWire(request),
    })
  }

  // ---- one at a time -----------------------------------------------------------------------------------------------------

  /** One thing at a time with a replica: its messages are dropped meanwhile, as if the network had lost them. */
  #alone(id: RangeId, work: () => Promise<void>): Promise<void> {
    assert(!this.#inTransition.has(id), () => `two things at once with the replica of ${id}`)
    this.#inTransition.add(id)
    const done = work().finally(() => {
      this.#inTransition.delete(id)
      this.#host.stirred(id)
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
}

/** Messages that a group sends to a member it expects to exist. */
const FOUNDING: ReadonlySet<number> = new Set([
  MessageType.preVote,
  MessageType.vote,
  MessageType.append,
  MessageType.heartbeat,
  MessageType.snapshotOffer,
])

const FIRST_REPLICA = replicaId(1)

const firstRecord = (config: Config) => ({
  boundary: firstState(config).boundary,
  applied: { index: logIndex(1), term: term(1) },
  state: encodeState(firstState(config)),
})
