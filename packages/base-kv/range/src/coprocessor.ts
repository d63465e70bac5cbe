/**
 * The contract between a range and the service that runs on it. A range replicates commands that it does not understand;
 * the coprocessor gives them their meaning. base-kv knows nothing of any service beyond this file.
 *
 * A command or query is a `kind` (1 to 127, the service's own numbering; 128 and up are the range's) and a body. Bodies
 * are views on network or log buffers: copy what you keep.
 */
import type { Boundary, KvError } from '@base-kv/base'
import type { RangeView } from '@base-kv/storage'

export interface RangeReader {
  readonly boundary: Boundary
  get(key: Uint8Array): Uint8Array | undefined
  /** A consistent picture for scans; the caller closes it. */
  readView(): RangeView
}

export interface RangeWriter {
  readonly boundary: Boundary
  get(key: Uint8Array): Uint8Array | undefined
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
}

export interface Coprocessor {
  /** Refuses, before anything is replicated, what can never be applied: malformed, over a limit. Runs on the leader. */
  check(kind: number, body: Uint8Array): KvError | null
  /**
   * Applies one command. Runs on every replica, in log order, with the same result: it may use nothing but its arguments.
   * A returned error is an answer like any other; it must come before the first put.
   */
  mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError
  /** Answers one query from a state that the range has found fresh enough. @throws KvError */
  query(kind: number, body: Uint8Array, state: RangeReader): Uint8Array | Promise<Uint8Array>
  /**
   * The key at which a range over `boundary` may be cut when somebody asks for `key`: what must stay together lies on one
   * side of it. null: at none. Leader only; the answer is replicated, not the question.
   */
  toSplitKey(key: Uint8Array, boundary: Boundary): Uint8Array | null
}
