/**
 * One replica of one range: the shell around its Raft core. It collects commands, turns what the core asks for into
 * writes, messages and applied entries, and answers whoever waits.
 *
 * A turn is synchronous and ends quickly; everything that takes time (the disk, a snapshot) calls back and asks for
 * another turn. Nothing here waits for another range or for the network.
 */
import {
  assert,
  type Boundary,
  KvError,
  limits,
  type LogIndex,
  type RangeId,
  rangeIdFromBytes,
  type StoreId,
} from '@base-kv/base'
import { type ReplicaDescriptor, type RangeVersion } from '@base-kv/landscape'
import { type Member, type Message, MessageType, type RaftMachine, type RaftStatus } from '@base-kv/raft'
import type { FoundRange, Pair } from '@base-kv/storage'
import { RangeCommand } from './command-batch.ts'
import { cutLog } from './compaction.ts'
import { replicaDescriptor } from './descriptor.ts'
import type { Leadership } from './leadership.ts'
import type { Membership } from './membership.ts'
import type { MergeMessage } from './merge-message.ts'
import type { Place } from './merge.ts'
import type { MergeTarget, Merging } from './merging.ts'
import type { RangeDeps, RangeOptions, ReadConsistency } from './range-deps.ts'
import { type RangeParts, wireParts } from './range-parts.ts'
import type { Done, Proposals } from './proposals.ts'
import type { ReadPath } from './read-path.ts'
import type { ReadTurn } from './reads.ts'
import * as refuse from './refusals.ts'
import type { ReplicaTarget } from './replica-change.ts'
import type { SnapshotIn } from './snapshot-in.ts'
import type { SnapshotPart, SnapshotRequest } from './snapshot-transfer.ts'
import type { SnapshotsOut } from './snapshots-out.ts'
import { alignSplit, encodeSplit } from './split.ts'
import type { Stamp } from './stamp.ts'
import type { StateMachine } from './state-machine.ts'
import type { Turn } from './turn.ts'
import type { TurnWaiters } from './turn-waiters.ts'

export class Range {
  readonly id: RangeId
  readonly self: Member
  /** Snapshots being sent from here, and those kept for whoever goes on with them. */
  readonly snapshotsOut: SnapshotsOut
  readonly #options: RangeOptions
  readonly #deps: RangeDeps
  readonly #raft: RaftMachine
  readonly #machine: StateMachine
  readonly #proposals: Proposals
  readonly #reads: ReadPath
  readonly #leadership: Leadership
  readonly #membership: Membership
  readonly #merging: Merging
  readonly #transferLeader: RangeParts['transferLeader']
  readonly #proposeOwn: RangeParts['proposeOwn']
  readonly #snapshotIn: SnapshotIn
  readonly #turn: Turn
  readonly #turnWaiters: TurnWaiters
  #closed: KvError | null = null

  /** @throws KvError Corrupt when what the log holds does not read */
  constructor(found: FoundRange, options: RangeOptions, deps: RangeDeps) {
    this.id = found.range
    this.self = { store: deps.storage.identity.store, replica: found.replica }
    this.#options = options
    this.#deps = deps
    const parts = wireParts(this, () => this.#closed, found, options, deps)
    this.#raft = parts.raft
    this.#machine = parts.machine
    this.#proposals = parts.proposals
    this.#reads = parts.reads
    this.#leadership = parts.leadership
    this.snapshotsOut = parts.snapshotsOut
    this.#snapshotIn = parts.snapshotIn
    this.#turn = parts.turn
    this.#turnWaiters = parts.turnWaiters
    this.#membership = parts.membership
    this.#merging = parts.merging
    this.#transferLeader = parts.transferLeader
    this.#proposeOwn = parts.proposeOwn
  }

  // ---- what callers ask ------------------------------------------------------------------------------------------------

  get isLeader(): boolean {
    return this.#raft.role === 'leader' && !this.#closed
  }

  /** The store that leads, as far as known here. */
  get leader(): StoreId | null {
    return this.#raft.leader?.store ?? null
  }

  /**
   * Replicates one command; `done` gets the coprocessor's answer or an error. Leader only, else TryLater. One with a stamp
   * may come again, after its outcome stayed unknown.
   */
  propose(kind: number, body: Uint8Array, done: Done, stamp?: Stamp | null): void {
    const refusal = this.#refuseWrite() ?? this.#machine.service.check(kind, body)
    if (refusal) {
      done(refusal, null)
      return
    }
    if (!this.#proposals.collect({ kind, body, stamp: stamp ?? null }, done)) return
    const isAlone = this.#proposals.isLone && this.#raft.lastIndex === this.#raft.commit
    this.#deps.schedule(this, isAlone ? 'atOnce' : 'soon')
  }

  /** Calls `turn` when `query` may answer with the asked consistency, or with why not. */
  read(consistency: ReadConsistency, turn: ReadTurn): void {
    this.#reads.read(consistency, turn)
  }

  /** Answers from the state as it is now; call from a `read` turn. @throws KvError */
  query(kind: number, body: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.#reads.query(kind, body)
  }

  /** @throws KvError why not */
  transferLeader(target: StoreId): void {
    if (this.isLeader && this.#merging.underWay) throw refuse.changeUnderWay()
    this.#transferLeader(target)
  }

  /** Whether leadership is on its way to another store. */
  get transferring(): boolean {
    return this.isLeader && this.#status().transferTarget !== null
  }

  /** Resolves when the target configuration is committed. @throws KvError */
  changeReplicas(target: ReplicaTarget): Promise<void> {
    return this.#membership.change(target)
  }

  /**
   * Cuts the range at `key`, or where the service may be cut instead. `ver`: what the range must be, as it is now unless
   * given. Resolves with the right half's id once the split is applied here. @throws KvError
   */
  async split(key: Uint8Array, ver?: RangeVersion): Promise<RangeId> {
    const refusal = this.#refuseChange()
    if (refusal) throw refusal
    const { state } = this.#machine
    assert(state, 'what is confirmed here has a state')
    const command = alignSplit(this.id, state, { ver: ver ?? state.ver, key }, this.#machine.service)
    if (command instanceof KvError) throw command
    return this.#membership.alone(
      () =>
        new Promise((resolve, reject) => {
          this.#proposeOwn(RangeCommand.split, encodeSplit(command), (error, reply) => {
            if (reply) resolve(rangeIdFromBytes(reply))
            else reject(error ?? refuse.changeUnderWay())
          })
        }),
    )
  }

  /**
   * Takes the right neighbour over, whose replicas are on the same stores. `ver`: what this range must be, as it is now
   * unless given. Resolves with the new version once that is applied here. @throws KvError
   */
  async merge(target: MergeTarget, ver?: RangeVersion): Promise<RangeVersion> {
    const refusal = this.#refuseChange()
    if (refusal) throw refusal
    return this.#merging.begin(target, ver ?? this.ver)
  }

  /**
   * Resolves after the next turn or tick of this range. A sleeping one has neither: it is woken.
   * @throws KvError TryLater when it is closed
   */
  nextTurn(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#leadership.asleep) this.wake()
    return this.#turnWaiters.wait()
  }

  /** The applied state as a stream, as of when it is first read, or what is left of an earlier one. It throws KvErrors. */
  sendSnapshot(request: SnapshotRequest): AsyncGenerator<SnapshotPart> {
    const { indexMin } = request
    return this.snapshotsOut.send(request, () => {
      const { data, state, applied } = this.#machine
      if (this.#closed) throw this.#closed
      if (!data || !state || applied < indexMin || this.#snapshotIn.installing) {
        throw new KvError('TryLater', `range ${this.id} has applied ${applied} here, asked for ${indexMin}`)
      }
      return {
        view: data.readView(),
        state,
        failed: (thrown) => this.#reads.failed(thrown),
      }
    })
  }

  describe(): ReplicaDescriptor {
    const { applied, state, data, requests, service } = this.#machine
    const { storage } = this.#deps
    return replicaDescriptor({
      id: this.id,
      status: this.#status(),
      state,
      applied,
      flushed: data && storage.data.has(this.id) ? storage.data.flushedApplied(this.id) : applied,
      requestPosition: requests?.position ?? 0,
      fact: service.fact,
      hints: service.hints(),
    })
  }

  /** As applied here; null for a replica that has no data yet. */
  get boundary(): Boundary | null {
    return this.#machine.state?.boundary ?? null
  }

  get applied(): LogIndex {
    return this.#machine.applied
  }

  /** What is remembered of requests, as records. @throws KvError Corrupt */
  requestRecords(): Iterable<Pair> {
    return this.#machine.requests?.records() ?? []
  }

  /** Frozen, to be taken over by its left neighbour: it answers nothing meanwhile. */
  get isFrozen(): boolean {
    return this.#machine.state?.state === 'WaitingForMerge'
  }

  /** The range that it is about to take over, if any. */
  get mergesWith(): RangeId | null {
    const merge = this.#machine.state?.merge
    return merge?.role === 'merger' ? merge.right : null
  }

  /** As applied here. */
  get ver(): RangeVersion {
    return this.#machine.state?.ver ?? { high: 0, low: 0 }
  }

  /** Whether the epoch that began with this range is confirmed, as applied here. */
  get confirmed(): boolean {
    return this.#machine.state?.confirmed ?? false
  }

  // ---- what the store drives -------------------------------------------------------------------------------------------

  step(message: Message): void {
    const now = this.#deps.clock.monotonicMs()
    const { type, from } = message
    this.#leadership.heard(type, now)
    if (type === MessageType.gone) this.#membership.heardGone(from)
    this.#raft.step(now, message)
  }

  /** Another range that it merges with says something, by the store that leads it. */
  hear(message: MergeMessage, speaker: StoreId): void {
    if (!this.#closed) this.#merging.hear(message, speaker)
  }

  /**
   * Another range's log proves that the entry there is committed in this one's. @returns whether the log here holds it; if
   * not, this replica will never come so far
   */
  learnCommit(place: Place): boolean {
    const holds = this.#raft.learnCommit(this.#deps.clock.monotonicMs(), place.index, place.term)
    this.#deps.schedule(this)
    return holds
  }

  /** `mayCampaign`: false puts an election that is due off to a later tick. */
  tick(mayCampaign = true): void {
    const now = this.#deps.clock.monotonicMs()
    this.#raft.diskBusySince(this.#deps.storage.log.busySinceMs)
    this.#raft.tick(now, mayCampaign)
    this.#proposals.expire(now, this.#options.raft.electionTimeoutMs)
    if (this.snapshotsOut.count > 0) {
      const isLogLong = this.#deps.storage.log.bytes(this.id) >= limits.logBytesMax
      this.snapshotsOut.expire(isLogLong ? 0 : this.#options.compaction.patienceMs)
    }
    this.#snapshotIn.giveUpWhenStalled(now)
    if (this.#machine.data && !this.#snapshotIn.underWay) {
      cutLog(this.id, this.#options.compaction, {
        raft: this.#raft,
        storage: this.#deps.storage,
        nowMs: now,
        pulledIndex: this.snapshotsOut.oldestIndex,
      })
    }
    if (this.isLeader) {
      // A merge is not left to sleep over.
      if (this.#merging.underWay && this.#leadership.asleep) this.wake()
      if (this.confirmed) this.#membership.repair(now)
      if (this.#deps.storage.space.low) this.#membership.moveAway(now)
    }
    this.#merging.step()
    if (this.#raft.hasReady() || this.hasWork || this.#turnWaiters.any) this.#deps.schedule(this)
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

  /** Whether the next tick asks for votes, if it may. */
  get isElectionDue(): boolean {
    return this.#raft.isElectionDue(this.#deps.clock.monotonicMs())
  }

  /** Milliseconds since a leader was heard; 0 for a leader, and while the group sleeps. */
  get leaderlessMs(): number {
    return this.#leadership.leaderlessMs
  }

  /** Everybody in the newest configuration known here. */
  get members(): readonly Member[] {
    return this.#membership.members
  }

  /** Calls `answer` when it is certain that `member` is not in the group and never will be. */
  confirmDismissed(member: Member, answer: () => void): void {
    if (this.isLeader) this.#membership.confirmDismissed(member, answer)
  }

  peerUnreachable(store: StoreId): void {
    this.#raft.peerUnreachable(store)
  }

  /** Nothing happens here until somebody asks for something: no tick is missed. */
  get isResting(): boolean {
    const { state } = this.#machine
    return (
      this.#leadership.asleep &&
      !this.hasWork &&
      this.#proposals.waiting === 0 &&
      !this.#turnWaiters.any &&
      this.#membership.idle &&
      !state?.repair &&
      !this.#merging.underWay &&
      !this.#snapshotIn.underWay &&
      this.snapshotsOut.count === 0
    )
  }

  /**
   * For a look now and then: a group falls asleep without members that were silent, and when such a one lives on without
   * having been reported lost, nobody else would tell that it is behind. And what was noted of a load long over is dropped.
   */
  lookRound(): void {
    this.#machine.service.hints()
    const { lastIndex, progress } = this.#status()
    if (progress.some(({ match }) => match < lastIndex)) this.wake()
  }

  /** A snapshot is being fetched or put in place. */
  get isPulling(): boolean {
    return this.#snapshotIn.underWay
  }

  /** What is being put in place by now is finished. */
  giveUpPull(why: string): void {
    this.#snapshotIn.giveUpThis(new KvError('TryLater', why))
  }

  wake(): void {
    this.#raft.wake(this.#deps.clock.monotonicMs())
    this.#deps.schedule(this)
  }

  /** Hands over to the most caught-up voter that answers. False when there is none, or when this is no leader. */
  handOver(): boolean {
    return this.isLeader && this.#membership.handOver()
  }

  /** `diskFree`: no log sync is in flight, so what is proposed now is not kept waiting by it. */
  turn(diskFree: boolean): void {
    if (!this.#closed) this.#turn.run(diskFree)
  }

  /** The second half of a turn. */
  apply(): void {
    if (this.#closed) return
    this.#turn.apply()
    this.#merging.step()
    this.#turnWaiters.turned()
  }

  /**
   * Answers whoever waits, at once; no turn does anything any more. Resolves when nothing of this replica uses the storage,
   * so that it may be closed or the replica destroyed.
   */
  close(why: string): Promise<void> {
    return this.#end(why, () => this.#proposals.close(why))
  }

  /** The same, for one that was taken over: nothing that waits here was applied, or will be anywhere. */
  closeAbsorbed(why: string): Promise<void> {
    return this.#end(why, () => this.#proposals.absorbed(why))
  }

  async #end(why: string, answerWriters: () => void): Promise<void> {
    if (this.#closed) return
    const error = refuse.isClosed(why)
    this.#closed = error
    answerWriters()
    this.#reads.close(error)
    this.#merging.end(error)
    this.#turnWaiters.close(error)
    this.#machine.service.close()
    await Promise.all([this.#snapshotIn.giveUp(error), this.snapshotsOut.close(why)])
  }

  // ---- parts -----------------------------------------------------------------------------------------------------------

  #status(): RaftStatus {
    return this.#raft.status(this.#deps.clock.monotonicMs())
  }

  #refuseWrite(): KvError | null {
    if (this.#closed) return this.#closed
    if (this.#raft.role !== 'leader') return refuse.notLeader(this.id, this.leader)
    if (!this.confirmed) return refuse.notConfirmed()
    if (this.isFrozen) return refuse.frozen(this.id)
    return this.#deps.storage.space.low ? refuse.noSpace() : null
  }

  /** Why boundary and members must stay as they are for now. */
  #refuseChange(): KvError | null {
    const busy = this.#membership.underWay || this.#merging.underWay
    return this.#refuseWrite() ?? (busy ? refuse.changeUnderWay() : null)
  }
}
