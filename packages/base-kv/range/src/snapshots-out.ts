/**
 * Snapshots on their way out. Each holds a read view, and the log behind it is kept, so there are few of them and none
 * lives for ever: a puller that vanished must not stop compaction.
 *
 * A view outlives a reader that leaves in the middle: whoever comes with its name goes on where that one stopped. It is
 * closed when it has been read to its end, when reading fails, when it gets too old, and when it is idle while another
 * one or the log needs its room.
 */
import { KvError, limits, type HostId, type LogIndex } from '@base-kv/base'
import type { RangeView } from '@base-kv/storage'
import type { ReplicatedState } from './range-state.ts'
import { sendSnapshot, type SnapshotPart, type SnapshotRequest } from './snapshot-transfer.ts'

type Parts = AsyncGenerator<SnapshotPart>

export interface SnapshotSource {
  readonly view: RangeView
  readonly state: ReplicatedState
  /** Told what reading threw; throws it on. */
  failed(thrown: unknown): never
}

export interface SnapshotsOutHost {
  /** This process: views of an earlier one are never taken for its own. */
  readonly host: HostId
  nowMs(): number
}

interface Reader {
  readonly parts: Parts
  /** Why it was sent away. */
  failure: KvError | null
}

interface Open extends SnapshotSource {
  readonly id: string
  readonly sinceMs: number
  /** Invariant: at most one; null while the view waits for somebody to go on. */
  reader: Reader | null
  idleSinceMs: number
}

export class SnapshotsOut {
  readonly #host: SnapshotsOutHost
  readonly #open = new Map<string, Open>()
  #newest = 0

  constructor(host: SnapshotsOutHost) {
    this.#host = host
  }

  get count(): number {
    return this.#open.size
  }

  /** The log behind it is needed. */
  get oldestIndex(): LogIndex | null {
    let oldest: LogIndex | null = null
    for (const { view } of this.#open.values()) {
      const { index } = view.record.applied
      if (oldest === null || index < oldest) oldest = index
    }
    return oldest
  }

  /** Since when nobody reads the oldest view of those that nobody reads; null when all are being read. */
  get idleSinceMs(): number | null {
    return this.#oldestIdle()?.idleSinceMs ?? null
  }

  has(view: string): boolean {
    return this.#open.has(view)
  }

  /** `source` is asked when the reader begins, unless it goes on with a view; what it throws is the stream's error. */
  async *send({ resume }: SnapshotRequest, source: () => SnapshotSource): Parts {
    const kept = resume ? await this.#again(resume.view) : null
    const open = kept ?? this.#begin(source())
    const reader = { parts: sendSnapshot(open, kept && resume ? resume.position : null), failure: null }
    yield* this.#read(open, reader)
  }

  async *#read(open: Open, reader: Reader): Parts {
    open.reader = reader
    try {
      yield* reader.parts
      // Sent away: never to be taken for the end of a whole snapshot.
      if (reader.failure) throw reader.failure
      await this.#close(open)
    } catch (thrown) {
      if (!reader.failure) await this.#close(open)
      open.failed(thrown)
    } finally {
      if (open.reader === reader) {
        open.reader = null
        open.idleSinceMs = this.#host.nowMs()
      }
    }
  }

  /** Gives up views that are too old, or have waited for a reader for `idleMsMax`. */
  expire(idleMsMax: number): void {
    const nowMs = this.#host.nowMs()
    for (const open of this.#open.values()) {
      const isIdle = open.reader === null && nowMs - open.idleSinceMs >= idleMsMax
      if (!isIdle && nowMs - open.sinceMs < limits.readViewAgeMaxMs) continue
      void this.#giveUp(open, new KvError('TryLater', 'the snapshot took too long', { hint: 'it is pulled anew' }))
    }
  }

  /** Gives up the oldest view that nobody reads. */
  dropIdle(): void {
    const open = this.#oldestIdle()
    if (open) void this.#close(open)
  }

  /** Resolves when every read view is closed. */
  async close(why: string): Promise<void> {
    await Promise.all([...this.#open.values()].map((open) => this.#giveUp(open, new KvError('TryLater', why))))
  }

  #begin(source: SnapshotSource): Open {
    const nowMs = this.#host.nowMs()
    const id = `${this.#host.host}/${++this.#newest}`
    const open: Open = { ...source, id, sinceMs: nowMs, reader: null, idleSinceMs: nowMs }
    this.#open.set(open.id, open)
    return open
  }

  /** That view, free for another reader: the one before has gone, or does not know yet that its connection is cut. */
  async #again(id: string): Promise<Open | null> {
    for (;;) {
      const open = this.#open.get(id)
      if (!open?.reader || open.reader.failure) return open ?? null
      await sendAway(open.reader, new KvError('TryLater', 'another reader goes on with this snapshot'))
    }
  }

  #oldestIdle(): Open | null {
    const idle = [...this.#open.values()].filter((open) => open.reader === null)
    return idle.toSorted((a, b) => a.idleSinceMs - b.idleSinceMs)[0] ?? null
  }

  async #giveUp(open: Open, failure: KvError): Promise<void> {
    this.#open.delete(open.id)
    if (open.reader) await sendAway(open.reader, failure)
    await open.view.close()
  }

  async #close(open: Open): Promise<void> {
    if (this.#open.delete(open.id)) await open.view.close()
  }
}

/** It is told by whoever asks next; a page that is being read is finished first. */
async function sendAway(reader: Reader, failure: KvError): Promise<void> {
  reader.failure ??= failure
  await reader.parts.return(undefined).catch(() => {})
}
