/**
 * Merges from the leaders' side. What is to be done follows from the replicated state alone (merge.ts), so whoever leads
 * next goes on with it; kept here is only what has been said and proposed already. Everything is said again until it is
 * answered, and every answer may come twice.
 */
import { KvError, type Log, type LogIndex, type RangeId, type StoreId } from '@base-kv/base'
import { type RangeVersion, sameVersion } from '@base-kv/landscape'
import type { RaftMachine } from '@base-kv/raft'
import { RangeCommand } from './command-batch.ts'
import { configMembers } from './descriptor.ts'
import {
  encodeCancel,
  encodeFreeze,
  encodeMarker,
  encodePrepare,
  freezable,
  type Freeze,
  type MergeeTask,
  type MergerTask,
  type Place,
  refusePrepare,
  undecided,
} from './merge.ts'
import { type MergeMessage, MergeMessageKind } from './merge-message.ts'
import type { Done } from './proposals.ts'
import { taskFromBytes } from './range-change.ts'
import type { ReplicatedState } from './range-state.ts'
import * as refuse from './refusals.ts'

/** The right neighbour, as the caller sees it. */
export interface MergeTarget {
  readonly right: RangeId
  readonly ver: RangeVersion
  /** Its end. */
  readonly end: Uint8Array | null
}

export interface MergingHost {
  readonly raft: RaftMachine
  readonly log: Log
  nowMs(): number
  /** As applied; null: uninitialised. */
  state(): ReplicatedState | null
  /** Whether the members are about to change. */
  membersChange(): boolean
  /** Replicates a command of the range's own. */
  propose(kind: number, body: Uint8Array, done: Done): void
  /** Says it to that range, on all those stores. */
  tell(to: RangeId, stores: readonly StoreId[], message: MergeMessage): void
}

/** The merger waits so long for the mergee to be frozen everywhere; whoever is frozen asks after as long. */
const PATIENCE_MS = 5_000
/** Between two times that the same is said. */
const AGAIN_MS = 100

/** What this leader has done for the task. */
interface Drive {
  readonly term: number
  readonly task: LogIndex
  readonly sinceMs: number
  saidMs: number
  /** What decides or ends it is proposed. */
  proposed: boolean
}

interface Waiter {
  task: LogIndex | null
  resolve(ver: RangeVersion): void
  reject(error: KvError): void
}

export class Merging {
  readonly #range: RangeId
  readonly #aliveMs: number
  readonly #host: MergingHost
  #drive: Drive | null = null
  #waiter: Waiter | null = null
  /** Who spoke last for the other range. Before the freeze, and behind a cancel, it may have members that this one has not. */
  #speaker: StoreId | null = null
  // As mergee: asked for, proposed when all members are there.
  #freeze: { readonly command: Freeze; isProposed: boolean; readonly untilMs: number } | null = null

  /** `aliveMs`: a member that answered within it counts as alive. */
  constructor({ range, aliveMs }: { readonly range: RangeId; readonly aliveMs: number }, host: MergingHost) {
    this.#range = range
    this.#aliveMs = aliveMs
    this.#host = host
  }

  /** Nothing that changes members or boundary may begin. */
  get underWay(): boolean {
    return this.#waiter !== null || this.#freeze?.isProposed === true || this.#state?.merge != null
  }

  /** Resolves with the version of the merged range. @throws KvError */
  begin({ right, ver: rightVer, end }: MergeTarget, ver: RangeVersion): Promise<RangeVersion> {
    const { state, propose } = this.#host
    const now = state()
    const refusal = now && (this.underWay ? refuse.changeUnderWay() : refusePrepare(this.#range, now, ver))
    if (!now || refusal) return Promise.reject(refusal ?? refuse.noData(this.#range))
    const { promise, resolve, reject } = Promise.withResolvers<RangeVersion>()
    const waiter: Waiter = { task: null, resolve, reject }
    this.#waiter = waiter
    propose(RangeCommand.prepareMerge, encodePrepare({ ver, right, rightVer, rightEnd: end }), (error, reply) => {
      if (reply) waiter.task = taskFromBytes(reply)
      else this.#answer(error ?? refuse.changeUnderWay())
    })
    return promise
  }

  /** After each turn and at each tick. */
  step(): void {
    const merge = this.#state?.merge ?? null
    if (merge === null && this.#freeze === null && this.#waiter === null) return
    const { raft, nowMs } = this.#host
    if (raft.role !== 'leader') {
      this.#drive = null
      this.#freeze = null
      if (this.#waiter?.task != null) this.#answer(leaderMoved())
      return
    }
    const now = nowMs()
    if (this.#freeze && merge === null) this.#goOnToFreeze(now)
    if (merge === null) {
      if (this.#waiter?.task != null) this.#answer(refuse.mergeCancelled(this.#range))
      return
    }
    const isNew = this.#drive?.term !== raft.term || this.#drive.task !== merge.task
    const drive: Drive = isNew
      ? { term: raft.term, task: merge.task, sinceMs: now, saidMs: Number.NEGATIVE_INFINITY, proposed: false }
      : (this.#drive as Drive)
    this.#drive = drive
    if (merge.role === 'merger') this.#asMerger(merge, drive, now)
    else this.#asMergee(merge, drive, now)
  }

  /** Closed. */
  end(error: KvError): void {
    this.#answer(error)
  }

  hear(message: MergeMessage, speaker: StoreId): void {
    this.#speaker = speaker
    const { raft, state, nowMs } = this.#host
    if (raft.role !== 'leader' || !state()) return
    raft.wake(nowMs())
    switch (message.kind) {
      case MergeMessageKind.freeze:
        this.#heardFreeze(message)
        break
      case MergeMessageKind.thaw:
        this.#heardThaw(message)
        break
      case MergeMessageKind.frozen:
        if (message.durable) this.#decide(message, message.at)
        break
      case MergeMessageKind.refused:
      case MergeMessageKind.ask:
        this.#decide(message, null)
        break
      case MergeMessageKind.thawed:
        this.#settle(message)
        break
    }
    this.step()
  }

  // ---- merger --------------------------------------------------------------------------------------------------------------

  #asMerger({ task, right, rightVer, cancelled }: MergerTask, drive: Drive, now: number): void {
    if (cancelled && this.#waiter?.task === task) this.#answer(refuse.mergeCancelled(this.#range))
    if (!cancelled && now - drive.sinceMs >= PATIENCE_MS) this.#propose(drive, null)
    if (drive.proposed && !cancelled) return
    const kind = cancelled ? MergeMessageKind.thaw : MergeMessageKind.freeze
    this.#say(right, drive, now, { kind, ver: rightVer })
  }

  /** The mergee is frozen at `frozenAt` in every replica's log; null: it is not, and will not be. */
  #decide({ from, task }: MergeMessage, frozenAt: Place | null): void {
    const merge = this.#state && undecided(this.#state, task)
    if (merge?.right !== from) return
    this.step()
    if (this.#drive) this.#propose(this.#drive, frozenAt)
  }

  #propose(drive: Drive, frozenAt: Place | null): void {
    if (drive.proposed) return
    drive.proposed = true
    const { task } = drive
    const { log, propose, state } = this.#host
    const done: Done = (error) => {
      if (!error && frozenAt) this.#answer(null, (state() as ReplicatedState).ver)
      else if (error?.applied === 'unknown') this.#answer(error)
      // What was not proposed may be, later; what is decided shows in the state.
      drive.proposed = false
      drive.saidMs = Number.NEGATIVE_INFINITY
    }
    if (frozenAt) {
      propose(RangeCommand.merge, encodeMarker({ task, frozenAt }), done)
      return
    }
    log.warn('cancels a merge: the right range could not be frozen everywhere in time', { range: this.#range })
    propose(RangeCommand.cancelMerge, encodeCancel({ task, settled: false }), done)
  }

  #settle({ from, task }: MergeMessage): void {
    const merge = this.#state?.merge
    const drive = this.#drive
    if (merge?.role !== 'merger' || !merge.cancelled || merge.task !== task || merge.right !== from) return
    if (!drive || drive.task !== task || drive.proposed) return
    drive.proposed = true
    this.#host.propose(RangeCommand.cancelMerge, encodeCancel({ task, settled: true }), () => {
      drive.proposed = false
    })
  }

  // ---- mergee --------------------------------------------------------------------------------------------------------------

  #heardFreeze({ from, task, ver }: MergeMessage): void {
    const { state, membersChange, nowMs } = this.#host
    const now = state() as ReplicatedState
    const { merge } = now
    if (merge?.role === 'mergee' && merge.left === from && merge.task === task) {
      if (this.#drive) this.#drive.saidMs = Number.NEGATIVE_INFINITY
      return
    }
    if (!freezable(now, ver) || membersChange() || this.#waiter) {
      this.#reply(from, MergeMessageKind.refused, task)
      return
    }
    if (this.#freeze?.isProposed) return
    this.#freeze = { command: { left: from, task, ver }, isProposed: false, untilMs: nowMs() + 2 * AGAIN_MS }
  }

  /** Not before everybody is there: a freeze that one of them does not get is in vain. */
  #goOnToFreeze(now: number): void {
    const freeze = this.#freeze
    if (!freeze || freeze.isProposed) return
    const status = this.#host.raft.status(now)
    const isThere = ({ silentMs, state }: (typeof status.progress)[number]) =>
      silentMs < this.#aliveMs && state === 'replicate'
    if (!status.progress.every(isThere) || status.transferTarget !== null) {
      // Whoever wants it says so again.
      if (now >= freeze.untilMs) this.#freeze = null
      return
    }
    freeze.isProposed = true
    this.#host.propose(RangeCommand.freeze, encodeFreeze(freeze.command), (error) => {
      if (this.#freeze === freeze) this.#freeze = null
      if (error?.code === 'BadVersion') this.#reply(freeze.command.left, MergeMessageKind.refused, freeze.command.task)
    })
  }

  #asMergee({ left, frozenAt }: MergeeTask, drive: Drive, now: number): void {
    const { stableIndex, progress } = this.#host.raft.status(now)
    const durable = stableIndex >= frozenAt.index && progress.every(({ match }) => match >= frozenAt.index)
    if (durable) this.#say(left, drive, now, { kind: MergeMessageKind.frozen, at: frozenAt, durable })
    else if (now - drive.sinceMs >= PATIENCE_MS) this.#say(left, drive, now, { kind: MergeMessageKind.ask })
  }

  #heardThaw({ from, task, ver }: MergeMessage): void {
    const now = this.#host.state() as ReplicatedState
    const { merge } = now
    const isFrozen = merge?.role === 'mergee' && merge.left === from && merge.task === task
    if (!isFrozen && !sameVersion(ver, now.ver)) {
      this.#reply(from, MergeMessageKind.thawed, task)
      return
    }
    const drive = this.#drive
    if (isFrozen && drive?.proposed) return
    if (isFrozen && drive) drive.proposed = true
    this.#host.propose(RangeCommand.thaw, encodeFreeze({ left: from, task, ver }), (error) => {
      if (drive) drive.proposed = false
      if (!error) this.#reply(from, MergeMessageKind.thawed, task)
    })
  }

  // ---- words ---------------------------------------------------------------------------------------------------------------

  #say(to: RangeId, drive: Drive, now: number, what: Pick<MergeMessage, 'kind'> & Partial<MergeMessage>): void {
    if (now - drive.saidMs < AGAIN_MS) return
    drive.saidMs = now
    this.#tell(to, { ...what, task: drive.task })
  }

  #reply(to: RangeId, kind: MergeMessageKind, task: LogIndex): void {
    this.#tell(to, { kind, task })
  }

  #tell(to: RangeId, what: Pick<MergeMessage, 'kind' | 'task'> & Partial<MergeMessage>): void {
    const { raft, nowMs, tell } = this.#host
    // Whoever leads the other range next is one of these: while it matters both are held by the same stores.
    const stores = new Set(configMembers(raft.status(nowMs()).config).map(({ store }) => store))
    if (this.#speaker !== null) stores.add(this.#speaker)
    tell(to, [...stores], { ver: NO_VERSION, at: NOWHERE, durable: false, ...what, from: this.#range })
  }

  #answer(error: KvError | null, ver?: RangeVersion): void {
    const waiter = this.#waiter
    this.#waiter = null
    if (error) waiter?.reject(error)
    else if (ver) waiter?.resolve(ver)
  }

  get #state(): ReplicatedState | null {
    return this.#host.state()
  }
}

const NO_VERSION: RangeVersion = { high: 0, low: 0 }
const NOWHERE: Place = { index: 0 as LogIndex, term: 0 as Place['term'] }

const leaderMoved = () =>
  new KvError('OutcomeUnknown', 'leadership moved during the merge: the next leader finishes it or takes it back', {
    hint: 'see `base-kv range list`',
  })
