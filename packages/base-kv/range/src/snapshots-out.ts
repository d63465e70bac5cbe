/**
 * Snapshots on their way out. Each holds a read view, and the log behind it is kept, so there are few of them and none
 * lives for ever: a puller that vanished must not stop compaction.
 */
import { KvError, limits, type LogIndex } from '@base-kv/base'
import type { RangeView } from '@base-kv/storage'
import type { ReplicatedState } from './range-state.ts'
import { sendSnapshot, type SnapshotHead, type SnapshotPairs } from './snapshot-transfer.ts'

type Parts = AsyncGenerator<SnapshotHead | SnapshotPairs>

export interface SnapshotSource {
  readonly view: RangeView
  readonly state: ReplicatedState
  readonly nowMs: number
  /** Told what reading threw; throws it on. */
  failed(thrown: unknown): never
}

interface Open {
  readonly index: LogIndex
  readonly sinceMs: number
  readonly parts: Parts
  failure: KvError | null
}

export class SnapshotsOut {
  readonly #open = new Set<Open>()

  get count(): number {
    return this.#open.size
  }

  /** The log behind it is needed. */
  get oldestIndex(): LogIndex | null {
    let oldest: LogIndex | null = null
    for (const { index } of this.#open) if (oldest === null || index < oldest) oldest = index
    return oldest
  }

  /** `source` is asked when the reader begins; what it throws is the stream's error. */
  async *send(source: () => SnapshotSource): Parts {
    const { view, state, nowMs, failed } = source()
    const open: Open = {
      index: view.record.applied.index,
      sinceMs: nowMs,
      parts: sendSnapshot(view, state),
      failure: null,
    }
    this.#open.add(open)
    try {
      yield* open.parts
      // Given up from outside: never to be taken for the end of a whole snapshot.
      if (open.failure) throw open.failure
    } catch (thrown) {
      failed(thrown)
    } finally {
      this.#open.delete(open)
    }
  }

  expire(nowMs: number): void {
    for (const open of this.#open) {
      if (nowMs - open.sinceMs < limits.readViewAgeMaxMs) continue
      void this.#giveUp(open, new KvError('TryLater', 'the snapshot took too long', { hint: 'it is pulled anew' }))
    }
  }

  /** Resolves when every read view is closed. */
  async close(why: string): Promise<void> {
    await Promise.all([...this.#open].map((open) => this.#giveUp(open, new KvError('TryLater', why))))
  }

  async #giveUp(open: Open, failure: KvError): Promise<void> {
    open.failure = failure
    this.#open.delete(open)
    // The reader is told by whoever asks next; a page that is being read is finished first.
    await open.parts.return(undefined).catch(() => {})
  }
}
