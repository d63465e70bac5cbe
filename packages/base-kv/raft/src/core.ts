/**
 * The state of one machine, as plain fields that the other files step. What only a leader has hangs under `leading`,
 * which exists exactly while the role is leader: nothing of one leadership can leak into the next.
 *
 * An input changes fields and marks what is due; `ready` derives what follows from it (settle.ts) and takes it out.
 */
import { assert, type LogIndex, type Random, type StoreId, type Term } from '@base-kv/base'
import { isVoter } from './config.ts'
import { LogView } from './log-view.ts'
import { checkOptions, defaultRaftOptions } from './options.ts'
import { Persistence } from './persistence.ts'
import type { Peer } from './progress.ts'
import {
  type Config,
  type LogReader,
  type Member,
  type Message,
  MessageType,
  type RaftOptions,
  type RaftStart,
  type Role,
  type SnapshotMeta,
} from './types.ts'

export interface Transfer {
  readonly target: StoreId
  readonly deadlineMs: number
  /** timeoutNow is on its way. */
  sent: boolean
}

export interface PendingRead {
  readonly request: number
  /** Commit index when its round began. */
  readonly index: number
  /** Any heartbeat round from this one on confirms it. */
  readonly round: number
}

export interface Leading {
  /** Everybody in the configuration, by store; also oneself, when in it. */
  readonly peers: Map<StoreId, Peer>
  /** The two halves that decide. Invariant: both follow from the newest configuration in the log. */
  voters: Peer[]
  nextVoters: Peer[]
  /** Index of the first entry of the own term; only entries from here on are committed by counting. */
  readonly termStart: number
  heartbeatDueMs: number
  /** CheckQuorum counts silence from here at the earliest: leadership, a pause of the process, and waking reset it. */
  watchFromMs: number
  /** Number of the newest heartbeat round, unique in this core's life. */
  round: number
  /** When the rounds were sent that no quorum has answered yet, and the newest answered one. */
  sentRounds: { readonly round: number; readonly sentMs: number }[]
  /** Lease: rounds sent before this moment count for nothing. */
  leaseFromMs: number
  /** timeoutNow was sent in this term: its receiver may disregard our lease at any later time. */
  leaseBarred: boolean
  /** Reads without a round yet. */
  readonly readsWaiting: number[]
  /** Reads whose round is under way. Invariant: rounds rise. */
  readonly readsInRound: PendingRead[]
  transfer: Transfer | null
  /** Payload bytes of own entries beyond the commit index. */
  uncommittedBytes: number
  /** Last time that somebody wanted something, and when the others were last asked to sleep. */
  busyMs: number
  sleepAskedMs: number
  /** Something that `settle` has to look at. */
  due: boolean
}

/** What the next `ready` gives. */
export interface Outbox {
  messages: Message[]
  afterPersist: Message[]
  reads: { readonly request: number; readonly index: LogIndex }[]
  aborted: number[]
  pull: { readonly from: Member; readonly snapshot: SnapshotMeta } | null
  hardState: boolean
  status: boolean
}

export class Core {
  readonly self: Member
  readonly options: RaftOptions
  readonly random: Random
  readonly log: LogView
  readonly disk: Persistence
  out: Outbox = emptyOutbox()

  role: Role = 'follower'
  /** Invariant: never goes back. */
  term: number
  /** Invariant: within a term it changes only from null. */
  vote: Member | null
  leader: Member | null = null
  /** Invariant: applied <= handedOut <= min(commit, stable); commit <= last; none of them goes back. */
  commit: number
  handedOut: number
  applied: number
  /** The commit index in the last hard state given out. */
  commitWritten: number

  leading: Leading | null = null
  /** Votes of the candidacy under way, by store. */
  readonly votes = new Map<StoreId, boolean>()
  /** Numbers candidacies, so that an answer to an earlier pre-vote is not counted in a later one. */
  campaignCount = 0
  /** A transfer started this candidacy. */
  forced = false
  roundCount = 0
  requestCount = 0

  /** Invariant: only rises; the newest time that an input carried. */
  nowMs = Number.NEGATIVE_INFINITY
  lastTickMs = Number.NEGATIVE_INFINITY
  timerStartMs = 0
  timeoutMs = 0
  /** Last word of a leader. Votes are refused for the shortest election timeout after it. */
  heardLeaderMs = Number.NEGATIVE_INFINITY
  /** A restarted voter may have confirmed a lease that it no longer remembers: no vote before this. */
  quietUntilMs = Number.NEGATIVE_INFINITY
  diskBusySinceMs: number | null = null
  /** A snapshot is being pulled: the log stands still until it is installed or failed. */
  pull: { readonly from: Member; readonly snapshot: SnapshotMeta } | null = null
  asleep = false
  private readonly restarted: boolean

  constructor(start: RaftStart, options: RaftOptions, deps: { readonly log: LogReader; readonly random: Random }) {
    checkOptions(options)
    const { snapshot, hardState, lastIndex, applied } = start
    assert(snapshot.index <= applied && applied <= lastIndex, () => `applied ${applied} outside of the log`)
    assert(hardState.commit <= lastIndex, () => `the log ends at ${lastIndex}, commit was ${hardState.commit}`)
    assert((snapshot.index === 0) === (snapshot.config.voters.length === 0), 'a snapshot point has a configuration')
    this.self = start.self
    this.options = options
    this.random = deps.random
    this.log = new LogView(start, deps.log, options.cacheBytesMax ?? defaultRaftOptions.cacheBytesMax)
    // A crash between a snapshot and the next hard state leaves an older term on disk: no vote was given in the newer one.
    const term = Math.max(hardState.term, this.log.lastTerm)
    this.term = term
    this.vote = term === hardState.term ? hardState.vote : null
    this.disk = new Persistence(lastIndex, hardState.term, hardState.vote)
    this.commit = Math.max(hardState.commit, applied)
    this.commitWritten = this.commit
    this.applied = applied
    this.handedOut = applied
    this.restarted = hardState.term > 1
    this.out.hardState = term !== hardState.term
    this.out.status = true
  }

  get config(): Config {
    return this.log.config
  }

  /** Every input with a time begins here. */
  begin(nowMs: number): void {
    if (this.nowMs === Number.NEGATIVE_INFINITY) {
      this.nowMs = nowMs
      this.restartTimer()
      // Nobody else could be elected or hold a lease: no reason to wait.
      if (this.config.voters.length === 1 && this.config.nextVoters.length === 0 && isVoter(this.config, this.self)) {
        this.timeoutMs = 0
      } else if (this.restarted) {
        this.quietUntilMs = nowMs + this.options.electionTimeoutMs
      }
    }
    if (nowMs > this.nowMs) this.nowMs = nowMs
  }

  /** A new random timeout each time: equal ones would split votes for ever. */
  restartTimer(): void {
    const min = this.options.electionTimeoutMs
    this.timerStartMs = this.nowMs
    this.timeoutMs = min + this.random.below(min)
  }

  /** A leader's disk must move, and whoever wants to lead needs one. */
  get diskHangs(): boolean {
    return this.diskBusySinceMs !== null && this.nowMs - this.diskBusySinceMs >= this.options.electionTimeoutMs
  }

  /** Votes and pre-votes are refused: a leader is known to live, or may rely on our silence. */
  get sticky(): boolean {
    const min = this.options.electionTimeoutMs
    return this.leading !== null || this.nowMs < this.heardLeaderMs + min || this.nowMs < this.quietUntilMs
  }

  /** For what binds nobody: may leave before the disk has anything. */
  send(message: Message): void {
    this.out.messages.push(message)
  }

  /** For what promises something that must survive a crash. */
  sendAfterPersist(message: Message): void {
    this.out.afterPersist.push(message)
  }

  /** For an answer that promises nothing but the term that it carries. */
  sendInTerm(message: Message): void {
    if (this.disk.term === this.term) this.send(message)
    else this.sendAfterPersist(message)
  }

  /** Entries from here on will never be written: nobody is told that they were. */
  withdrawAcks(from: number): void {
    const stands = ({ type, index, reject }: Message): boolean =>
      type !== MessageType.appendResponse || reject || index < from
    this.out.afterPersist = this.out.afterPersist.filter(stands)
  }

  message(type: MessageType, to: Member, fields: MessageFields = none): Message {
    return {
      type,
      from: this.self,
      to,
      term: (fields.term ?? this.term) as Term,
      index: (fields.index ?? 0) as LogIndex,
      logTerm: (fields.logTerm ?? 0) as Term,
      commit: (fields.commit ?? 0) as LogIndex,
      entries: fields.entries ?? noEntries,
      reject: fields.reject ?? false,
      hintIndex: (fields.hintIndex ?? 0) as LogIndex,
      hintTerm: (fields.hintTerm ?? 0) as Term,
      round: fields.round ?? 0,
      force: fields.force ?? false,
      snapshot: fields.snapshot ?? null,
    }
  }
}

/** A message's fields beside sender, receiver and type; the term is the own one unless told. */
export interface MessageFields {
  readonly term?: number
  readonly index?: number
  readonly logTerm?: number
  readonly commit?: number
  readonly entries?: Message['entries']
  readonly reject?: boolean
  readonly hintIndex?: number
  readonly hintTerm?: number
  readonly round?: number
  readonly force?: boolean
  readonly snapshot?: SnapshotMeta
}

const none: MessageFields = {}
const noEntries: Message['entries'] = []

export function emptyOutbox(): Outbox {
  return { messages: [], afterPersist: [], reads: [], aborted: [], pull: null, hardState: false, status: false }
}
