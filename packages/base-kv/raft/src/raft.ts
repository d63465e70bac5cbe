/**
 * The machine: every input of types.ts, one method each, handed to the file whose business it is. Read core.ts for the
 * state, step.ts for messages, settle.ts for what comes out.
 */
import { assert, limits, type LogIndex, type Random, type StoreId, type Term } from '@base-kv/base'
import { Core } from './core.ts'
import { campaign, onVotePersisted } from './election.ts'
import { installSnapshot } from './follower.ts'
import { askToSleep, wakeUp } from './hibernation.ts'
import { changeMembers } from './membership.ts'
import { jointValue } from './quorum.ts'
import { joinRound, leaseReadIndex } from './reads.ts'
import { onUnreachable, sendHeartbeats } from './replication.ts'
import { appendOwn, becomeFollower } from './roles.ts'
import { hasReady, takeReady } from './settle.ts'
import { publicCommit, statusOf } from './status.ts'
import { step } from './step.ts'
import { abortLateTransfer, handOver, transferLeader } from './transfer.ts'
import {
  type ChangeResult,
  type Config,
  EntryType,
  type LogReader,
  type Member,
  type Message,
  type ProposeResult,
  type RaftMachine,
  type RaftOptions,
  type RaftStart,
  type RaftStatus,
  type ReadResult,
  type Ready,
  type Role,
  type SnapshotMeta,
  type TransferResult,
} from './types.ts'

export function createRaft(
  start: RaftStart,
  options: RaftOptions,
  deps: { readonly log: LogReader; readonly random: Random },
): RaftMachine {
  return new Raft(new Core(start, options, deps))
}

class Raft implements RaftMachine {
  private readonly core: Core

  constructor(core: Core) {
    this.core = core
  }

  get role(): Role {
    return this.core.role
  }

  get term(): Term {
    return this.core.term as Term
  }

  get leader(): Member | null {
    return this.core.leader
  }

  get commit(): LogIndex {
    return publicCommit(this.core)
  }

  get config(): Config {
    return this.core.config
  }

  get lastIndex(): LogIndex {
    return this.core.log.last as LogIndex
  }

  tick(nowMs: number, mayCampaign = true): void {
    const { core } = this
    core.begin(nowMs)
    const { electionTimeoutMs } = core.options
    const paused = core.nowMs - core.lastTickMs >= electionTimeoutMs && core.lastTickMs !== Number.NEGATIVE_INFINITY
    core.lastTickMs = core.nowMs
    if (core.asleep) return
    if (core.leading) {
      // The process stood still: answers may wait unread, so silence counts from now. Leases know better, by the clock.
      if (paused) core.leading.watchFromMs = core.nowMs
      this.tickLeader()
    } else if (paused) core.restartTimer()
    else if (mayCampaign && this.isElectionDue(nowMs)) campaign(core, false)
  }

  isElectionDue(nowMs: number): boolean {
    const { leading, asleep, timerStartMs, timeoutMs } = this.core
    return !leading && !asleep && nowMs - timerStartMs >= timeoutMs
  }

  step(nowMs: number, message: Message): void {
    this.core.begin(nowMs)
    step(this.core, message)
  }

  propose(nowMs: number, data: Uint8Array): ProposeResult {
    const { core } = this
    core.begin(nowMs)
    wakeUp(core, true)
    const { leading } = core
    if (!leading) return { ok: false, reason: 'notLeader' }
    if (leading.transfer) return { ok: false, reason: 'transferring' }
    const bytes = leading.uncommittedBytes + data.length
    if (leading.uncommittedBytes > 0 && bytes > core.options.uncommittedBytesMax) return { ok: false, reason: 'full' }
    return { ok: true, index: appendOwn(core, leading, EntryType.command, data), term: core.term as Term }
  }

  changeMembers(
    nowMs: number,
    target: { readonly voters: readonly StoreId[]; readonly learners: readonly StoreId[] },
  ): ChangeResult {
    this.core.begin(nowMs)
    wakeUp(this.core, true)
    return changeMembers(this.core, target)
  }

  transferLeader(nowMs: number, target: StoreId): TransferResult {
    this.core.begin(nowMs)
    wakeUp(this.core, true)
    return transferLeader(this.core, target)
  }

  readIndex(nowMs: number): ReadResult {
    const { core } = this
    core.begin(nowMs)
    wakeUp(core, true)
    const { leading } = core
    if (!leading) return { ok: false, reason: 'notLeader' }
    if (leading.readsWaiting.length + leading.readsInRound.length >= limits.pendingReadsMax) {
      return { ok: false, reason: 'full' }
    }
    const request = ++core.requestCount
    leading.readsWaiting.push(request)
    leading.due = true
    return { ok: true, request }
  }

  leaseReadIndex(nowMs: number): LogIndex | null {
    this.core.begin(nowMs)
    return this.core.leading ? leaseReadIndex(this.core, this.core.leading) : null
  }

  ready(nowMs: number): Ready {
    this.core.begin(nowMs)
    return takeReady(this.core)
  }

  hasReady(): boolean {
    return hasReady(this.core)
  }

  persisted(nowMs: number, id: number): void {
    const { core } = this
    core.begin(nowMs)
    if (!core.disk.done(id)) return
    const self = core.leading?.peers.get(core.self.store)
    if (core.leading && self?.self) {
      self.match = core.disk.stable
      core.leading.due = true
    }
    onVotePersisted(core)
  }

  diskBusySince(sinceMs: number | null): void {
    this.core.diskBusySinceMs = sinceMs
  }

  applied(index: LogIndex): void {
    const { core } = this
    assert(index <= core.handedOut, () => `applied ${index}, handed out ${core.handedOut}`)
    core.applied = Math.max(core.applied, index)
  }

  compact(index: LogIndex): SnapshotMeta {
    const { core } = this
    assert(index <= core.applied, () => `compaction at ${index}, applied ${core.applied}`)
    return core.log.compact(index)
  }

  snapshotInstalled(nowMs: number, snapshot: SnapshotMeta): void {
    this.core.begin(nowMs)
    installSnapshot(this.core, snapshot)
  }

  snapshotFailed(nowMs: number): void {
    this.core.begin(nowMs)
    this.core.pull = null
  }

  peerUnreachable(store: StoreId): void {
    const peer = this.core.leading?.peers.get(store)
    if (this.core.leading && peer && !peer.self) onUnreachable(this.core.leading, peer)
  }

  learnCommit(nowMs: number, index: LogIndex, term: Term): boolean {
    const { core } = this
    core.begin(nowMs)
    if (core.pull !== null) return core.log.matches(index, term)
    if (index <= core.commit) return true
    if (!core.log.matches(index, term)) return false
    // Whatever its term: a leader of this group found it committed.
    core.commit = index
    return true
  }

  wake(nowMs: number): void {
    this.core.begin(nowMs)
    wakeUp(this.core, true)
  }

  campaign(nowMs: number): void {
    const { core } = this
    core.begin(nowMs)
    wakeUp(core, false)
    // A leader's lease may rest on our silence, whoever asks.
    if (!core.sticky) campaign(core, false)
  }

  stepDown(nowMs: number): void {
    const { core } = this
    core.begin(nowMs)
    if (core.leading) becomeFollower(core, core.term, null)
  }

  status(nowMs: number): RaftStatus {
    this.core.begin(nowMs)
    return statusOf(this.core)
  }

  private tickLeader(): void {
    const { core } = this
    const { leading, nowMs } = core
    assert(leading, 'a leader leads')
    if (core.diskHangs) {
      handOver(core, leading)
      return
    }
    const heard = (peer: { self: boolean; answeredMs: number }): number => (peer.self ? nowMs : peer.answeredMs)
    const heardMs = jointValue(leading.voters.map(heard), leading.nextVoters.map(heard))
    if (nowMs - Math.max(heardMs, leading.watchFromMs) >= core.options.electionTimeoutMs) {
      becomeFollower(core, core.term, null)
      return
    }
    abortLateTransfer(core, leading)
    if (nowMs < leading.heartbeatDueMs) return
    sendHeartbeats(core, leading)
    joinRound(core, leading)
    askToSleep(core, leading)
    leading.due = true
  }
}
