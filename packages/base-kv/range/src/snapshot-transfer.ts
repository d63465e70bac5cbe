/**
 * A snapshot is pulled: the leader offers a point, the follower asks for it (or anything newer), and the leader streams
 * a read view of the applied state. Chunks are checked by the transport; here they are made and put in place.
 */
import { KvError, limits, type LogIndex, type RangeId } from '@base-kv/base'
import type { SnapshotMeta } from '@base-kv/raft'
import type { KeySpace, Pair, RangeView, Storage } from '@base-kv/storage'
import { decodeState, encodeState, type ReplicatedState } from './range-state.ts'

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

/** Pulls and installs. @returns what the replica now stands on */
export async function installSnapshot(
  range: RangeId,
  indexMin: LogIndex,
  stream: SnapshotStream,
  storage: Storage,
): Promise<{ readonly snapshot: SnapshotMeta; readonly state: ReplicatedState }> {
  const load = await storage.data.beginLoad(range)
  try {
    let head: SnapshotHead | null = null
    for await (const part of stream) {
      if ('snapshot' in part) {
        if (head) throw new KvError('Corrupt', 'a snapshot has two heads')
        if (part.snapshot.index < indexMin) {
          throw new KvError('TryLater', `the snapshot at ${part.snapshot.index} is older than ${indexMin}`)
        }
        head = part
      } else {
        if (!head) throw new KvError('Corrupt', 'a snapshot begins without its head')
        await load.add(part.space, part.pairs)
      }
    }
    if (!head) throw new KvError('Corrupt', 'a snapshot ended before its head')
    const state = decodeState(head.state)
    const { snapshot } = head
    await storage.install(range, {
      snapshot,
      load,
      record: {
        boundary: state.boundary,
        applied: { index: snapshot.index, term: snapshot.term },
        state: head.state,
      },
    })
    return { snapshot, state }
  } catch (thrown) {
    load.abandon()
    throw thrown
  }
}
