/**
 * The contract between a range and the service that runs on it. A range replicates commands that it does not understand;
 * the coprocessor gives them their meaning. base-kv knows nothing of any service beyond this file. Each replica has a
 * coprocessor of its own, and all calls come one at a time, in the order told here.
 *
 * A command or query is a `kind` (1 to 127, the service's own numbering; 128 and up are the range's) and a body. Bodies
 * are views on network or log buffers: copy what you keep.
 *
 * **State.** The pairs inside the boundary are the state, and only `mutate` changes it, on every replica in the order of
 * the log. It may use nothing but its arguments: no clock, no chance, no memory of its own that is not derived from the
 * pairs. Who leads is nobody's business there, so it is not told. A retry of a command that was applied is answered by the
 * range and does not come here.
 *
 * **Memory beside the state** (indexes, caches, counters) is built in `reset` and kept current by commit hooks. `reset`
 * comes whenever the pairs become others than by `mutate`:
 *   - open: a replica begins here, at a start of the process, as the right half of a split, or newly made;
 *   - snapshot: a snapshot has taken the place of all pairs; also the first one of a replica that began without data;
 *   - split: the part right of the cut is gone (the right half opens a coprocessor of its own);
 *   - merge: the pairs of the range behind have joined.
 * It is synchronous, and nothing else is called meanwhile. What takes longer goes on in the background, from a read
 * view; until it is done queries may answer TryLater. After another `reset`, or `close`, what it finds is of no use.
 *
 * **Commit hooks.** `mutate` hands a hook to `state.afterCommit` for what is to happen once the command counts. Hooks run
 * once the whole entry is applied and visible, in the order in which they were handed over, before any caller of that
 * entry has its answer and before the next query or command: memory that they keep is never behind the pairs. A hook
 * changes no state: the writer ends the process when it is used outside `mutate`. The hooks of a command that was
 * refused do not run.
 *   - On each replica the hooks of an entry run once a life of the process at most. Entries that were applied but not on
 *     disk yet when the process was killed are applied again at the next start, and their hooks run again: what they do
 *     outside must bear repetition. Entries whose effect was on disk are never applied again.
 *   - They run on every replica that applies the entry. One that gets it inside a snapshot has `reset` instead, and so has
 *     one whose process was killed between the two: a hook is no place for what must happen.
 *   - `isLeader`: this replica leads just now, as far as it knows. Usually one replica runs an entry's hooks with it; while
 *     leadership moves none may, or two. It is there for side effects that should happen about once (a message sent, a
 *     clean-up proposed), and must not find its way into anything that `mutate` reads.
 *
 * **Fact.** A few bytes (limits.factBytesMax) that the service wants known wherever the range is known, such as what its
 * keys have in common: part of this replica's descriptor. `publish` replaces it, from `reset`, from a hook, or later;
 * it costs nothing while it does not change. `reset` takes the old one back.
 *
 * **Load.** Every access through a reader or writer handed out here counts towards the split hints (load-window.ts).
 */
import type { Boundary, KvError, LogIndex } from '@base-kv/base'
import type { RangeView } from '@base-kv/storage'

export interface RangeReader {
  readonly boundary: Boundary
  get(key: Uint8Array): Uint8Array | undefined
  /** A consistent picture for scans; the caller closes it. */
  readView(): RangeView
}

/** For the time of one `mutate`. */
export interface RangeWriter {
  readonly boundary: Boundary
  get(key: Uint8Array): Uint8Array | undefined
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
  /** Only if the command is not refused. */
  afterCommit(hook: CommitHook): void
}

export interface Committed {
  /** Of the entry; rises from hook to hook, but for those of one entry. */
  readonly index: LogIndex
  readonly isLeader: boolean
}

/** What it throws ends the process. */
export type CommitHook = (committed: Committed) => void

export type ResetOccasion = 'open' | 'snapshot' | 'split' | 'merge'

/** What a coprocessor may use until the next `reset` or `close`. */
export interface ResetRange {
  readonly occasion: ResetOccasion
  /** Not counted as load. */
  readonly state: RangeReader
  /** At most limits.factBytesMax (asserted). Without effect after the next `reset` or `close`. */
  publish(fact: Uint8Array): void
}

export interface Coprocessor {
  /**
   * The range has this boundary now, and pairs that did not come by `mutate`. Before anything else is called.
   * @throws KvError Corrupt from `range.state`: the replica is replaced by the next command or query that comes to it
   */
  reset?(boundary: Boundary, range: ResetRange): void
  /** Refuses, before anything is replicated, what can never be applied: malformed, over a limit. Runs on the leader. */
  check(kind: number, body: Uint8Array): KvError | null
  /**
   * Applies one command. Runs on every replica, in log order, with the same result: it may use nothing but its arguments.
   * A returned error is an answer like any other; it must come before the first put (asserted).
   */
  mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError
  /** Answers one query from a state that the range has found fresh enough. @throws KvError */
  query(kind: number, body: Uint8Array, state: RangeReader): Uint8Array | Promise<Uint8Array>
  /**
   * The key at which a range over `boundary` may be cut when somebody asks for `key`, which lies inside: what must stay
   * together lies on one side of it. null: at none. An answer that is not inside, or is the first key, counts as null.
   * Leader only; the answer is replicated, not the question.
   */
  toSplitKey(key: Uint8Array, boundary: Boundary): Uint8Array | null
  /** This replica has ended, or its process is about to. Nothing is called any more. Not without a `reset` before. */
  close?(): void
}
