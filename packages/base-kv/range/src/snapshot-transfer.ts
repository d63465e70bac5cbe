/**
 * A snapshot is pulled: the leader offers a point, the follower asks for it (or anything newer), and the leader streams
 * a read view of the applied state. Chunks are checked by the transport; snapshot-in.ts puts them in place.
 */
import { limits, type LogIndex } from '@base-kv/base'
import type { SnapshotMeta } from '@base-kv/raft'
import type { KeySpace, LoadPosition, Pair, RangeView } from '@base-kv/storage'
import { encodeState, type ReplicatedState } from './range-state.ts'

export interface SnapshotRequest {
  /** The snapshot must be at this index or newer. */
  readonly indexMin: LogIndex
  /** Where a pull that broke off had got to; the sender goes on behind it if it still has that view. */
  readonly resume: SnapshotResume | null
}

export interface SnapshotResume {
  /** `SnapshotHead.view` of the pull that broke off. */
  readonly view: string
  /** The last pair that is durable at the receiver. */
  readonly position: LoadPosition
}

export interface SnapshotHead {
  readonly snapshot: SnapshotMeta
  /** Encoded ReplicatedState as of the snapshot's index. */
  readonly state: Uint8Array
  /** Names the sender's process and its read view. */
  readonly view: string
  /** The pairs begin behind the position that was asked for. */
  readonly resumed: boolean
}

export interface SnapshotPairs {
  readonly space: KeySpace
  readonly pairs: readonly Pair[]
}

export type SnapshotPart = SnapshotHead | SnapshotPairs

/** First the head, then pairs; ends with the stream. One that breaks throws. */
export type SnapshotStream = AsyncIterable<SnapshotPart>

/** Sends what `view` shows, with the replicated state of the same moment. The view stays open. */
export async function* sendSnapshot(
  of: { readonly id: string; readonly view: RangeView; readonly state: ReplicatedState },
  behind: LoadPosition | null,
): AsyncGenerator<SnapshotPart> {
  const { id, view, state } = of
  const { applied } = view.record
  yield {
    snapshot: { index: applied.index, term: applied.term, config: state.config },
    state: encodeState(state),
    view: id,
    resumed: behind !== null,
  }
  for (const space of ['user', 'local'] as const) {
    if (space === 'user' && behind?.space === 'local') continue
    const start = behind?.space === space ? successor(behind.key) : null
    await using iterator = view.scan(space, { start, end: null, pageBytes: limits.snapshotChunkBytes })
    for (;;) {
      const pairs = await iterator.next()
      if (pairs.length === 0) break
      yield { space, pairs }
    }
  }
}

/** The first key behind `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

export interface LoadedSnapshot {
  readonly snapshot: SnapshotMeta
  readonly state: ReplicatedState
}
