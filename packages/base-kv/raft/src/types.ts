/**
 * The words of the Raft core: what goes in, what comes out. Plain data; nothing here does anything.
 *
 * Time: every input carries `nowMs`, monotonic milliseconds of the local machine. The core never reads a clock.
 */
import type { LogIndex, ReplicaId, StoreId, Term } from '@base-kv/base'

/**
 * One member of a group. A store holds at most one replica of a range; `replica` is the index of the configuration entry
 * that added it, so a store that left and came back is another member, and a message to or from the old one is refused.
 * A configuration below that index does not list it yet and so says nothing about it: only a committed one at or above
 * the index that leaves it out means that it was removed.
 */
export interface Member {
  readonly store: StoreId
  readonly replica: ReplicaId
}

/**
 * Who takes part. Not joint: `nextVoters` and `nextLearners` are empty. Joint: `voters`/`learners` is the old half,
 * `nextVoters`/`nextLearners` the new one, and a decision needs a majority of each half's voters.
 * Invariant: no store twice in one list, none both voter and learner of one half; `voters` is not empty;
 * a store that stands in both halves has the same replica id in both. Lists are sorted by store id.
 */
export interface Config {
  readonly voters: readonly Member[]
  readonly learners: readonly Member[]
  readonly nextVoters: readonly Member[]
  readonly nextLearners: readonly Member[]
}

export const EntryType = { noop: 0, command: 1, config: 2 } as const
export type EntryType = (typeof EntryType)[keyof typeof EntryType]

/** `data` of a config entry is an encoded Config (config-codec.ts); of a noop it is empty; of a command it is opaque. */
export interface Entry {
  readonly index: LogIndex
  readonly term: Term
  readonly type: EntryType
  readonly data: Uint8Array
}

/** What must survive a crash besides the log. Invariant: term never goes back; within a term `vote` changes only from null. */
export interface HardState {
  readonly term: Term
  readonly vote: Member | null
  /** A commit index known when this was written: a hint for restarts, never required to be the newest. */
  readonly commit: LogIndex
}

/** The point where the log was cut off: everything up to `index` is in the applied state. */
export interface SnapshotMeta {
  readonly index: LogIndex
  readonly term: Term
  /** The configuration in force at `index`, not the newest. */
  readonly config: Config
}

export const MessageType = {
  preVote: 1,
  preVoteResponse: 2,
  vote: 3,
  voteResponse: 4,
  append: 5,
  appendResponse: 6,
  heartbeat: 7,
  heartbeatResponse: 8,
  /** Leader to follower: your next entry is cut off; pull a snapshot at `snapshot` or newer from me. */
  snapshotOffer: 9,
  /** Transfer: campaign at once. */
  timeoutNow: 10,
  /** Answer to a message for a replica that is not (or no longer) here: `to` of the question is gone. */
  gone: 11,
  /** Hibernation: "I sleep; you may" and "wake up". */
  sleep: 12,
  wake: 13,
  /** Follower to leader: I sleep as well. */
  sleepResponse: 14,
} as const
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/**
 * One flat shape for all messages. Which fields mean something depends on `type`:
 *
 * | type                | fields                                                                             |
 * |---------------------|------------------------------------------------------------------------------------|
 * | preVote, vote       | term (of the candidacy), index/logTerm = last log position, force = by transfer, round |
 * | ...VoteResponse     | term, reject, round (echoed)                                                        |
 * | append              | index/logTerm = position before entries, entries, commit                            |
 * | appendResponse      | index = last matching index, or with reject: index = refused position, hintIndex/hintTerm |
 * | heartbeat           | commit (never beyond what the follower is known to match), round (0: no answer wanted) |
 * | heartbeatResponse   | round (echoed)                                                                      |
 * | snapshotOffer       | snapshot                                                                            |
 * | sleep               | index/commit that the follower must have to sleep, round                             |
 * | sleepResponse       | index, round (echoed)                                                               |
 *
 * `round` is a heartbeat round's number, made by the leader, unique in its term; in a pre-vote it numbers the candidacy.
 * 0 for none.
 */
export interface Message {
  readonly type: MessageType
  readonly from: Member
  readonly to: Member
  readonly term: Term
  readonly index: LogIndex
  readonly logTerm: Term
  readonly commit: LogIndex
  readonly entries: readonly Entry[]
  readonly reject: boolean
  readonly hintIndex: LogIndex
  readonly hintTerm: Term
  readonly round: number
  readonly force: boolean
  readonly snapshot: SnapshotMeta | null
}

/**
 * The log as far as it was handed out by `ready` (durable or on its way to the disk). Synchronous: the log store answers
 * from memory or from its engine. `entries` gives at least one entry when `from <= last`, then stops before `bytesMax`.
 */
export interface LogReader {
  /** Entries with index in [from, to], in order, contiguous. @throws KvError Corrupt when the disk lies. */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[]
  /** The term of one entry in the log (not of the snapshot). For onlookers: the core knows the terms of its log by itself. */
  term(index: LogIndex): Term
}

/** Where a core begins: nothing but what was durable. */
export interface RaftStart {
  readonly self: Member
  readonly hardState: HardState
  readonly snapshot: SnapshotMeta
  /** Last index in the log; equals `snapshot.index` when the log is empty. */
  readonly lastIndex: LogIndex
  /** How far the state machine has durably applied. Invariant: snapshot.index <= applied <= lastIndex. */
  readonly applied: LogIndex
}

export interface RaftOptions {
  /** Minimum election timeout; the real one is uniform in [min, 2 x min). Default 500 ms. */
  readonly electionTimeoutMs: number
  /** Default 100 ms. Invariant: 2 x heartbeat < election timeout. */
  readonly heartbeatIntervalMs: number
  /** Entries' bytes in one append; at least one entry goes however large. */
  readonly appendBytesMax: number
  readonly inflightAppendsMax: number
  readonly inflightBytesMax: number
  /** Bytes of own proposals not yet committed; more are refused with `full`. */
  readonly uncommittedBytesMax: number
  /** Bytes of committed entries handed out by one `ready`. */
  readonly applyBytesMax: number
  /** Bytes of applied entries kept in memory, so that a follower that is a little behind needs no disk. Default 4 MiB. */
  readonly cacheBytesMax?: number
  /** Lease reads allowed. Off by default. */
  readonly lease: boolean
  /** Share of the election timeout that a lease lasts (clock drift). Default 0.8. */
  readonly leaseShare: number
  /** Whether an idle group may sleep. On by default; the shell then sees to it that it is woken (see `wake`). */
  readonly hibernate: boolean
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** Everything that one turn produced. Empty arrays and nulls where nothing. */
export interface Ready {
  /** Changed hard state; must be durable, with `entries`, before `persisted(persistId)`. */
  readonly hardState: HardState | null
  /** First index whose old entries must be deleted on disk in the same batch (a real term conflict), or null. */
  readonly truncateFrom: LogIndex | null
  /** Entries to append, contiguous. */
  readonly entries: readonly Entry[]
  /** Non-zero when hardState, truncateFrom or entries ask for a durable write; call `persisted` with it once durable, in order. */
  readonly persistId: number
  /** May be sent at once. */
  readonly messages: readonly Message[]
  /** May be sent only once `persistId` (or, with 0, the newest persistId before) is durable. */
  readonly messagesAfterPersist: readonly Message[]
  /** Committed, locally durable entries, in order, each handed out exactly once. Report with `applied`. */
  readonly committed: readonly Entry[]
  /** Read requests that may be served once the state machine has applied `index`. */
  readonly reads: readonly { readonly request: number; readonly index: LogIndex }[]
  /** Read requests that will never be confirmed (leadership lost): ask again elsewhere. */
  readonly readsAborted: readonly number[]
  /** A snapshot to pull from `from` (the leader); answer with `snapshotInstalled` or `snapshotFailed`. */
  readonly pullSnapshot: { readonly from: Member; readonly snapshot: SnapshotMeta } | null
  /** Something about leadership or configuration changed: read `status`. */
  readonly statusChanged: boolean
}

export type ProposeResult =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | { readonly ok: false; readonly reason: 'notLeader' | 'transferring' | 'full' }

export type ChangeResult =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | {
      readonly ok: false
      /** `newVoter`: a store has to be a learner of a committed configuration before it becomes a voter. */
      readonly reason:
        'notLeader' | 'transferring' | 'full' | 'changeUnderWay' | 'termNotCommitted' | 'newVoter' | 'badConfig'
    }

export type TransferResult =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: 'notLeader' | 'notVoter' | 'notCaughtUp' | 'notAlive' | 'joint' | 'self' | 'transferring'
    }

export type ReadResult =
  { readonly ok: true; readonly request: number } | { readonly ok: false; readonly reason: 'notLeader' | 'full' }

/** How the leader sees one peer. */
export interface Progress {
  readonly member: Member
  readonly voter: boolean
  readonly match: LogIndex
  readonly next: LogIndex
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly inflight: number
  /** Milliseconds since its last answer. */
  readonly silentMs: number
}

/** A picture for people, metrics and the range above. */
export interface RaftStatus {
  readonly self: Member
  readonly role: Role
  readonly term: Term
  readonly vote: Member | null
  readonly leader: Member | null
  readonly commit: LogIndex
  readonly applied: LogIndex
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  readonly stableIndex: LogIndex
  readonly snapshotIndex: LogIndex
  readonly config: Config
  readonly configIndex: LogIndex
  readonly transferTarget: StoreId | null
  readonly asleep: boolean
  /** Leader only; empty otherwise. */
  readonly progress: readonly Progress[]
}

/**
 * The machine. Synchronous; never throws for anything a peer sends (a message that makes no sense is dropped); throws
 * AssertionError for a broken invariant.
 *
 * One turn of the shell: feed inputs, call `ready(nowMs)`, write what it asks for, send what it gives, apply what is
 * committed, then report `persisted` and `applied` whenever those happen. Writes may be in flight for many turns.
 */
export interface RaftMachine {
  /** Time passed. Call about every 50 ms; one call never acts for more than one missed timeout. */
  /** `mayCampaign`: false puts an election that is due off to a later tick. */
  tick(nowMs: number, mayCampaign?: boolean): void
  /** Whether the next tick will campaign, if it may. */
  isElectionDue(nowMs: number): boolean
  step(nowMs: number, message: Message): void
  propose(nowMs: number, data: Uint8Array): ProposeResult
  /**
   * Target sets by store. Stores already present keep their replica id; new ones, learners only, get the index of the
   * entry, and hear of it once it is committed: an entry that never is leaves no replica behind whose id would be in the
   * way of a later one at a lower index. A change of voters goes through a joint configuration and leaves it by itself
   * once committed.
   */
  changeMembers(
    nowMs: number,
    target: { readonly voters: readonly StoreId[]; readonly learners: readonly StoreId[] },
  ): ChangeResult
  transferLeader(nowMs: number, target: StoreId): TransferResult
  /** Linearizable read: answered in `ready().reads` or `readsAborted`. */
  readIndex(nowMs: number): ReadResult
  /** Commit index that a lease read may use right now (wait for applied >= it), or null when there is no valid lease. */
  leaseReadIndex(nowMs: number): LogIndex | null
  ready(nowMs: number): Ready
  hasReady(): boolean
  /** The write of `ready().persistId === id` and of all before it is durable. */
  persisted(nowMs: number, id: number): void
  /** The disk has a sync in flight since then; null when none. A leader whose sync hangs for an election timeout steps down. */
  diskBusySince(sinceMs: number | null): void
  /** The state machine has applied up to `index`. */
  applied(index: LogIndex): void
  /** The log up to `index` is in a durable applied state and may be forgotten. @returns the new snapshot point. */
  compact(index: LogIndex): SnapshotMeta
  /**
   * A pulled snapshot is durable in the state machine, and the log on disk holds nothing but its point: all entries are
   * gone, term and vote stay. Nothing of the old log is worth keeping: a snapshot is only asked for when the log does not
   * hold its position, and until this call (or `snapshotFailed`) the core neither changes the log nor hands entries out.
   */
  snapshotInstalled(nowMs: number, snapshot: SnapshotMeta): void
  snapshotFailed(nowMs: number): void
  /** The transport lost what was on its way to that store. */
  peerUnreachable(store: StoreId): void
  /**
   * Something outside proves that the entry at `index` of `term` is committed in this group. @returns whether the log holds
   * it. Nothing happens while a snapshot is pulled.
   */
  learnCommit(nowMs: number, index: LogIndex, term: Term): boolean
  /** Hibernation hook: a peer's host died or came back; wakes the group. */
  wake(nowMs: number): void
  /** Campaign now (the right half of a split, tests); nothing happens while a leader was heard within the timeout. */
  campaign(nowMs: number): void
  /** Stop leading without a target. */
  stepDown(nowMs: number): void
  status(nowMs: number): RaftStatus
  readonly role: Role
  readonly term: Term
  readonly leader: Member | null
  /** Of the entries that `ready` has handed out. */
  readonly commit: LogIndex
  /** The newest in the log, committed or not. The same object until it changes. */
  readonly config: Config
  readonly lastIndex: LogIndex
}
