/**
 * A snapshot is pulled: the leader offers a point, the follower asks for it (or anything newer), and the leader streams
 * a read view of the applied state. Chunks are checked by the transport; snapshot-in.ts puts them in place.
 */
import { limits } from '@base-kv/base'
import type { SnapshotMeta } from '@base-kv/raft'
import type { KeySpace, Pair, RangeView } from '@base-kv/storage'
import { encodeState, type ReplicatedState } from './range-state.ts'

export interface SnapshotHead {
  readonly snapshot: SnapshotMeta
  /** Encoded ReplicatedState as of the snapshot's index. */
  readonly state: Uint8Array
}

export interface SnapshotPairs {
  readonly space: KeySpace
  readonly pairs: readonly Pair[]
}

/** First the head, then pairs; ends with the stream. A stream that breaks throws, and nothing of it is kept. */
export type SnapshotStream = AsyncIterable<SnapshotHead | SnapshotPairs>

/** Sends what `view` shows, with the replicated state of the same moment. Closes the view when it ends or is given up. */
export async function* sendSnapshot(
  openView: RangeView,
  state: ReplicatedState,
): AsyncGenerator<SnapshotHead | SnapshotPairs> {
  await using view = openView
  const { applied } = view.record
  yield { snapshot: { index: applied.index, term: applied.term, config: state.config }, state: encodeState(state) }
  for (const space of ['user', 'local'] as const) {
    await using iterator = view.scan(space, { start: null, end: null, pageBytes: limits.snapshotChunkBytes })
    for (;;) {
      const pairs = await iterator.next()
      if (pairs.length === 0) break
      yield { space, pairs }
    }
  }
}

export interface LoadedSnapshot {
  readonly snapshot: SnapshotMeta
  readonly state: ReplicatedState
}
