/**
 * One replica of one range: the shell around its Raft core. It collects commands, turns what the core asks for into
 * writes, messages and applied entries, and answers whoever waits.
 *
 * A turn is synchronous and ends quickly; everything that takes time (the disk, a snapshot) calls back and asks for
 * another turn. Nothing here waits for another range or for the network.
 */
import {
  assert,
  type Clock,
  KvError,
  type Log,
  type LogIndex,
  type Random,
  type RangeId,
  type StoreId,
  toKvError,
} from '@base-kv/base'
import type { ClusterConfig, RangeDescriptor, RangeRole } from '@base-kv/landscape'
import {
  type Config,
  createRaft,
  decodeConfig,
  type Entry,
  EntryType,
  type Member,
  type Message,
  type RaftMachine,
  type RaftOptions,
  type RaftStatus,
  type Ready,
  type SnapshotMeta,
} from '@base-kv/raft'
import type { FoundRange, RangeData, RangeView, Storage } from '@base-kv/storage'
import { decodeCommands, encodeCommands, RangeCommand } from './command-batch.ts'
import { type CompactionOptions, compactionIndex } from './compaction.ts'
import type { Coprocessor, RangeReader, RangeWriter } from './coprocessor.ts'
import { type Done, Proposals } from './proposals.ts'
import { decodeState, encodeState, type ReplicatedState } from './range-state.ts'
import { Reads, type ReadTurn } from './reads.ts'
import { changeReplicas, type ReplicaTarget } from './replica-change.ts'
import {
  installSnapshot,
  sendSnapshot,
  type SnapshotHead,
  type SnapshotPairs,
  type SnapshotStream,
} from './snapshot-transfer.ts'

export interface RangeOptions {
  readonly raft: RaftOptions
  readonly compaction: CompactionOptions
}

export interface RangeDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly coprocessor: Coprocessor
  /** Hands messages to the transport; what cannot be sent is dropped. */
  send(range: RangeId, messages: readonly Message[]): void
  /** Asks for a turn soon. */
  schedule(range: Range): void
  /** Something that others see in the descriptor changed. */
  changed(range: Range): void
  /** This replica was removed from the group by a committed configuration. */
  removed(range: Range): void
  pullSnapshot(range: RangeId, from: Member, indexMin: LogIndex): SnapshotStream
}

export type ReadConsistency = 'linearizable' | 'lease' | 'stale'

export class Range {
  readonly id: RangeId
  readonly self: Member
  readonly #options: RangeOptions
  readonly #deps: RangeDeps
  readonly #raft: RaftMachine
  readonly #proposals = new Proposals()
  readonly #reads = new Reads()
  readonly #reader: RangeReader
  readonly #writer: RangeWriter
  // null: an uninitialised replica that waits for its first snapshot.
  #data: RangeData | null = null
  #state: ReplicatedState | null = null
  // Handed out by the core, not applied yet. Invariant: contiguous, begins at applied + 1.
  #toApply: readonly Entry[] = []
  #applied: LogIndex
  #wasLeader = false
  #confirmAskedTerm = 0
  #pulling = false
  // Applied indexes of snapshots being sent: the log behind them is kept.
  readonly #pulled = new Set<{ readonly index: LogIndex }>()
  #turnWaiters: (() => void)[] = []
  #changeUnderWay = false
  #closed = false

  constructor(found: FoundRange, options: RangeOptions, deps: RangeDeps) {
    this.id = found.range
    this.self = { store: deps.storage.identity.store, replica: found.replica }
    this.#options = options
    this.#deps = deps
    this.#applied = found.data?.applied.index ?? found.snapshot.index
    if (found.data) {
      this.#data = deps.storage.data.range(found.range)
      this.#state = decodeState(found.data.state)
    }
    const range = this
    this.#reader = {
      get boundary() {
        return range.#readyState().boundary
      },
      get: (key) => range.#readyData().get('user', key),
      readView: (): RangeView => range.#readyData().readView(),
    }
    this.#writer = {
      get boundary() {
        return range.#readyState().boundary
      },
      get: (key) => range.#readyData().get('user', key),
      put: (key, value) => range.#readyData().put('user', key, value),
      delete: (key) => range.#readyData().delete('user', key),
    }
    this.#raft = createRaft(
      {
        self: this.self,
        hardState: found.hardState,
        snapshot: found.snapshot,
        lastIndex: found.lastIndex,
        applied: this.#applied,
      },
      options.raft,
      { log: deps.storage.log.reader(found.range), random: deps.random },
    )
  }

  // ---- what callers ask ------------------------------------------------------------------------------------------------

  get isLeader(): boolean {
    return this.#raft.role === 'leader'
  }

  /** The store that leads, as far as known here. */
  get leader(): StoreId | null {
    return this.#raft.leader?.store ?? null
  }

  /** Replicates one command; `done` gets the coprocessor's answer or an error. Leader only, else TryLater. */
  propose(kind: number, body: Uint8Array, done: Done): void {
    const refusal = this.#refuseWrite() ?? this.#deps.coprocessor.check(kind, body)
    if (refusal) {
      done(refusal, null)
      return
    }
    if (this.#proposals.collect({ kind, body }, done)) this.#deps.schedule(this)
  }

  /** Calls `turn` when `query` may answer with the asked consistency, or with why not. */
  read(consistency: ReadConsistency, turn: ReadTurn): void {
    const refusal = this.#refuseRead(consistency)
    if (refusal) {
      turn(refusal)
      return
    }
    if (consistency === 'stale') {
      turn(null)
      return
    }
    if (consistency === 'lease') {
      const index = this.#raft.leaseReadIndex(this.#deps.clock.monotonicMs())
      if (index !== null) {
        if (this.#applied >= index) turn(null)
        else this.#reads.collectConfirmed(index, turn)
        return
      }
    }
    this.#reads.collect(turn)
    this.#deps.schedule(this)
  }

  /** Answers from the state as it is now; call from a `read` turn. @throws KvError */
  query(kind: number, body: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.#deps.coprocessor.query(kind, body, this.#reader)
  }

  /** @throws KvError why not */
  transferLeader(target: StoreId): void {
    const result = this.#raft.transferLeader(this.#deps.clock.monotonicMs(), target)
    this.#deps.schedule(this)
    if (result.ok) return
    switch (result.reason) {
      case 'notLeader':
        throw this.#notLeader()
      case 'notVoter':
        throw new KvError('BadRequest', `store ${target} is no voter of range ${this.id}`, {
          hint: 'see `base-kv range list` for the voters',
        })
      case 'self':
        throw new KvError('BadRequest', `store ${target} leads already`)
      case 'notAlive':
        throw new KvError('TryLater', `store ${target} does not answer`, { hint: 'start its node first' })
      case 'notCaughtUp':
        throw new KvError('TryLater', `store ${target} has not caught up yet`, { hint: 'send again in a moment' })
      case 'joint':
        throw new KvError('TryLater', 'a replica change is under way', { hint: 'wait for it to end' })
      case 'transferring':
        throw new KvError('TryLater', 'another transfer is under way', { hint: 'wait for it to end' })
    }
  }

  /** Resolves when the target configuration is committed. @throws KvError */
  async changeReplicas(target: ReplicaTarget): Promise<void> {
    if (!this.isLeader) throw this.#notLeader()
    if (this.#changeUnderWay) {
      throw new KvError('TryLater', 'another change of this range is under way', { hint: 'wait for it to end' })
    }
    this.#changeUnderWay = true
    const { clock } = this.#deps
    try {
      await changeReplicas(
        {
          status: () => this.#raft.status(clock.monotonicMs()),
          changeMembers: (next) => {
            const result = this.#raft.changeMembers(clock.monotonicMs(), next)
            this.#deps.schedule(this)
            return result
          },
          transferLeader: (heir) => this.transferLeader(heir),
          nextTurn: () => this.nextTurn(),
          nowMs: () => clock.monotonicMs(),
        },
        target,
      )
    } finally {
      this.#changeUnderWay = false
    }
  }

  /** Resolves after the next turn or tick of this range. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#turnWaiters.push(resolve))
  }

  /** The applied state as a stream, at `indexMin` or newer. @throws KvError */
  sendSnapshot(indexMin: LogIndex): AsyncGenerator<SnapshotHead | SnapshotPairs> {
    if (!this.#data || !this.#state || this.#applied < indexMin) {
      throw new KvError('TryLater', `range ${this.id} has applied ${this.#applied} here, asked for ${indexMin}`)
    }
    const pull = { index: this.#applied }
    const stream = sendSnapshot(this.#data.readView(), this.#state)
    this.#pulled.add(pull)
    return this.#released(stream, pull)
  }

  describe(): RangeDescriptor {
    const status = this.#raft.status(this.#deps.clock.monotonicMs())
    const state = this.#state
    return {
      id: this.id,
      ver: state?.ver ?? { high: 0, low: 0 },
      boundary: state?.boundary ?? { start: null, end: null },
      state: state?.state ?? 'Normal',
      role: roleName(status),
      config: clusterConfig(status.config),
      term: status.term,
      leader: status.leader?.store ?? null,
      commit: status.commit,
      applied: this.#applied,
      flushed: this.#data ? this.#deps.storage.data.flushedApplied(this.id) : this.#applied,
      lastIndex: status.lastIndex,
      snapshotIndex: status.snapshotIndex,
      progress: status.progress.map((peer) => ({
        store: peer.member.store,
        match: peer.match,
        state: peer.state,
        silentMs: Math.round(peer.silentMs),
      })),
      damage: '',
    }
  }

  /** Whether the epoch that began with this range is confirmed, as applied here. */
  get confirmed(): boolean {
    return this.#state?.confirmed ?? false
  }

  // ---- what the store drives -------------------------------------------------------------------------------------------

  step(message: Message): void {
    this.#raft.step(this.#deps.clock.monotonicMs(), message)
  }

  tick(): void {
    const now = this.#deps.clock.monotonicMs()
    this.#raft.diskBusySince(this.#deps.storage.log.busySinceMs)
    this.#raft.tick(now)
    this.#proposals.expire(now, this.#options.raft.electionTimeoutMs)
    this.#compact()
    if (this.#raft.hasReady() || this.hasWork || this.#turnWaiters.length > 0) this.#deps.schedule(this)
  }

  /** Does not wait for an election timeout. */
  campaign(): void {
    this.#raft.campaign(this.#deps.clock.monotonicMs())
    this.#deps.schedule(this)
  }

  /** Whether commands or reads wait to be handed to the core. */
  get hasWork(): boolean {
    return this.#proposals.hasCollected || this.#reads.hasCollected
  }

  peerUnreachable(store: StoreId): void {
    this.#raft.peerUnreachable(store)
  }

  wake(): void {
    this.#raft.wake(this.#deps.clock.monotonicMs())
    this.#deps.schedule(this)
  }

  /** Hands over to the most caught-up voter that answers. False when there is none, or when this is no leader. */
  handOver(): boolean {
    const now = this.#deps.clock.monotonicMs()
    if (this.#raft.role !== 'leader') return false
    const heirs = this.#raft
      .status(now)
      .progress.filter((peer) => peer.voter && peer.member.store !== this.self.store)
      .sort((a, b) => b.match - a.match || a.silentMs - b.silentMs)
    for (const heir of heirs) {
      if (this.#raft.transferLeader(now, heir.member.store).ok) {
        this.#deps.schedule(this)
        return true
      }
    }
    return false
  }

  /** `diskFree`: no log sync is in flight, so what is proposed now is not kept waiting by it. */
  turn(diskFree: boolean): void {
    if (this.#closed) return
    const now = this.#deps.clock.monotonicMs()
    if (diskFree) this.#proposeCollected(now)
    if (this.#reads.hasCollected) this.#askRound(now)
    if (this.#raft.hasReady()) this.#carryOut(this.#raft.ready(now))
    this.#apply()
    if (this.#raft.hasReady()) this.#deps.schedule(this)
    if (this.#turnWaiters.length > 0) {
      const waiters = this.#turnWaiters
      this.#turnWaiters = []
      for (const resolve of waiters) resolve()
    }
  }

  close(why: string): void {
    this.#closed = true
    this.#proposals.close(why)
    this.#reads.close(new KvError('TryLater', why, { hint: 'ask another node' }))
  }

  // ---- one turn --------------------------------------------------------------------------------------------------------

  #proposeCollected(now: number): void {
    if (this.#raft.role !== 'leader') return
    for (;;) {
      const taken = this.#proposals.take()
      if (!taken) return
      const result = this.#raft.propose(now, encodeCommands(taken.commands, taken.bytes))
      if (!result.ok) {
        this.#proposals.putBack(taken)
        return
      }
      this.#proposals.proposed(result, taken)
    }
  }

  #askRound(now: number): void {
    const turns = this.#reads.take()
    const result = this.#raft.readIndex(now)
    if (result.ok) this.#reads.asked(result.request, turns)
    else this.#reads.refuse(turns, result.reason === 'notLeader' ? this.#notLeader() : queueFull())
  }

  #carryOut(ready: Ready): void {
    const { storage } = this.#deps
    if (ready.statusChanged) this.#noticeLeadership()
    if (ready.messages.length > 0) this.#deps.send(this.id, ready.messages)
    const { persistId, messagesAfterPersist } = ready
    if (persistId !== 0 || messagesAfterPersist.length > 0) {
      storage.log.append(
        this.id,
        { hardState: ready.hardState, truncateFrom: ready.truncateFrom, entries: ready.entries },
        () => {
          if (this.#closed) return
          if (persistId !== 0) this.#raft.persisted(this.#deps.clock.monotonicMs(), persistId)
          if (messagesAfterPersist.length > 0) this.#deps.send(this.id, messagesAfterPersist)
          this.#deps.schedule(this)
        },
      )
    }
    if (ready.committed.length > 0) {
      this.#toApply = this.#toApply.length === 0 ? ready.committed : [...this.#toApply, ...ready.committed]
    }
    for (const { request, index } of ready.reads) this.#reads.confirmed(request, index)
    if (ready.readsAborted.length > 0) {
      const error = new KvError('TryLater', 'leadership was lost during the read', { hint: 'ask again' })
      for (const request of ready.readsAborted) this.#reads.abort(request, error)
    }
    if (ready.pullSnapshot) void this.#pull(ready.pullSnapshot.from, ready.pullSnapshot.snapshot)
    this.#reads.serve(this.#applied)
  }

  #noticeLeadership(): void {
    const now = this.#deps.clock.monotonicMs()
    const leads = this.#raft.role === 'leader'
    if (leads && !this.#wasLeader) this.#proposals.gainedLeadership()
    if (!leads) this.#proposals.lostLeadership(now, 'this node does not lead the range any more')
    if (leads !== this.#wasLeader) {
      this.#deps.log.info(leads ? 'leads' : 'follows', { range: this.id, term: this.#raft.term, leader: this.leader })
    }
    this.#wasLeader = leads
    if (leads && this.#state && !this.#state.confirmed && this.#confirmAskedTerm !== this.#raft.term) {
      this.#confirmAskedTerm = this.#raft.term
      this.#proposals.collect({ kind: RangeCommand.confirmEpoch, body: new Uint8Array(0) }, () => {})
      this.#deps.schedule(this)
    }
    this.#deps.changed(this)
  }

  // ---- apply -----------------------------------------------------------------------------------------------------------

  #apply(): void {
    const { data } = this.#deps.storage
    let count = 0
    for (const entry of this.#toApply) {
      if (!data.hasRoom) {
        void data.whenRoom().then(() => this.#deps.schedule(this))
        break
      }
      this.#applyEntry(entry)
      count++
      if (this.#closed) return
    }
    if (count === 0) return
    this.#toApply = count === this.#toApply.length ? [] : this.#toApply.slice(count)
    this.#raft.applied(this.#applied)
    this.#reads.serve(this.#applied)
  }

  #applyEntry(entry: Entry): void {
    assert(entry.index === this.#applied + 1, () => `entry ${entry.index} behind applied ${this.#applied}`)
    const data = this.#readyData()
    const answers: (Uint8Array | KvError)[] = []
    let state = this.#readyState()
    if (entry.type === EntryType.command) {
      decodeCommands(entry.data, (kind, body) => {
        if (kind === RangeCommand.confirmEpoch) {
          state = { ...state, confirmed: true }
          answers.push(new Uint8Array(0))
        } else {
          answers.push(this.#deps.coprocessor.mutate(kind, body, this.#writer))
        }
      })
    } else if (entry.type === EntryType.config) {
      const config = decodeConfig(entry.data)
      assert(config, 'a committed configuration decodes')
      const joint = config.nextVoters.length > 0
      state = {
        ...state,
        config,
        state: joint ? 'ConfigChanging' : 'Normal',
        ver: { high: state.ver.high, low: state.ver.low + 1 },
      }
    }
    const changed = state !== this.#state
    this.#state = state
    data.setApplied({ index: entry.index, term: entry.term }, changed ? encodeState(state) : undefined)
    this.#applied = entry.index
    this.#answer(entry, answers)
    if (changed) {
      this.#deps.changed(this)
      if (entry.type === EntryType.config && !isMember(state.config, this.self)) this.#deps.removed(this)
    }
  }

  #answer(entry: Entry, answers: readonly (Uint8Array | KvError)[]): void {
    const dones = this.#proposals.applied(entry)
    if (!dones) return
    assert(dones.length === answers.length, 'every command of an entry has its answer')
    for (let i = 0; i < dones.length; i++) {
      const answer = answers[i] as Uint8Array | KvError
      const done = dones[i] as Done
      if (answer instanceof KvError) done(answer, null)
      else done(null, answer)
    }
  }

  // ---- snapshot and log ------------------------------------------------------------------------------------------------

  async #pull(from: Member, offered: SnapshotMeta): Promise<void> {
    if (this.#pulling) return
    this.#pulling = true
    const { storage, clock, log } = this.#deps
    log.info('pulls a snapshot', { range: this.id, from: from.store, index: offered.index })
    try {
      const stream = this.#deps.pullSnapshot(this.id, from, offered.index)
      const installed = await installSnapshot(this.id, offered.index, stream, storage)
      if (this.#closed) return
      const { snapshot, state } = installed
      this.#data = storage.data.range(this.id)
      this.#state = state
      this.#toApply = []
      this.#applied = snapshot.index
      this.#proposals.skippedTo(snapshot.index)
      this.#raft.snapshotInstalled(clock.monotonicMs(), snapshot)
      log.info('installed a snapshot', { range: this.id, index: snapshot.index })
      this.#deps.changed(this)
    } catch (thrown) {
      if (this.#closed) return
      log.warn('could not pull a snapshot', { range: this.id, from: from.store, error: toKvError(thrown).message })
      this.#raft.snapshotFailed(clock.monotonicMs())
    } finally {
      this.#pulling = false
      this.#deps.schedule(this)
    }
  }

  async *#released<T>(stream: AsyncGenerator<T>, pull: { readonly index: LogIndex }): AsyncGenerator<T> {
    try {
      yield* stream
    } finally {
      this.#pulled.delete(pull)
    }
  }

  #compact(): void {
    if (!this.#data || this.#pulling) return
    const { storage, clock } = this.#deps
    const bytes = storage.log.bytes(this.id)
    const { compaction } = this.#options
    if (
      bytes < compaction.logBytesSoft &&
      this.#raft.lastIndex - storage.log.snapshot(this.id).index < compaction.logEntriesSoft
    ) {
      return
    }
    const index = compactionIndex(compaction, {
      status: this.#raft.status(clock.monotonicMs()),
      bytes,
      flushed: storage.data.flushedApplied(this.id),
      pulledIndex: this.#pulled.size === 0 ? null : (Math.min(...[...this.#pulled].map((p) => p.index)) as LogIndex),
    })
    if (index !== null) storage.log.compact(this.id, this.#raft.compact(index))
  }

  // ---- refusals --------------------------------------------------------------------------------------------------------

  #refuseWrite(): KvError | null {
    if (this.#raft.role !== 'leader') return this.#notLeader()
    if (!this.#state?.confirmed) return notConfirmed()
    if (this.#deps.storage.space.low) {
      return new KvError('NoSpace', 'the disk of this store is nearly full: writes are refused, reads go on', {
        hint: 'free disk space on the node (deleting the ballast file in its data folder helps at once)',
      })
    }
    return null
  }

  #refuseRead(consistency: ReadConsistency): KvError | null {
    if (!this.#data || !this.#state) {
      return new KvError('TryLater', `range ${this.id} has no data here yet`, { hint: 'ask another node' })
    }
    if (consistency !== 'stale' && this.#raft.role !== 'leader') return this.#notLeader()
    return this.#state.confirmed ? null : notConfirmed()
  }

  #notLeader(): KvError {
    return new KvError(
      'TryLater',
      this.leader ? `the leader of range ${this.id} is store ${this.leader}` : `range ${this.id} has no leader`,
      { hint: 'send again in a moment; `base-kv range list` shows who leads' },
    )
  }

  #readyData(): RangeData {
    assert(this.#data, 'an initialised replica has data')
    return this.#data
  }

  #readyState(): ReplicatedState {
    assert(this.#state, 'an initialised replica has a state')
    return this.#state
  }
}

const notConfirmed = () =>
  new KvError('TryLater', 'the first range is not confirmed by a majority yet', {
    hint: 'start the other nodes of the cluster',
  })

const queueFull = () => new KvError('TryLater', 'too many reads wait', { hint: 'send again after a pause' })

function roleName(status: RaftStatus): RangeRole {
  if (status.role === 'leader') return 'Leader'
  return status.role === 'follower' ? 'Follower' : 'Candidate'
}

const storesOf = (members: readonly Member[]): StoreId[] => members.map((member) => member.store)

const clusterConfig = (config: Config): ClusterConfig => ({
  voters: storesOf(config.voters),
  learners: storesOf(config.learners),
  nextVoters: storesOf(config.nextVoters),
  nextLearners: storesOf(config.nextLearners),
})

function isMember(config: Config, self: Member): boolean {
  const lists = [config.voters, config.learners, config.nextVoters, config.nextLearners]
  return lists.some((list) => list.some((member) => member.store === self.store && member.replica === self.replica))
}
