/**
 * A snapshot on its way in, at most one at a time. Until it is being put in place it can be given up at any moment, also
 * while the sender says nothing, and nothing of it stays.
 */
import { assert, killPoint, KvError, type Log, type LogIndex, type RangeId } from '@base-kv/base'
import type { Member, SnapshotMeta } from '@base-kv/raft'
import type { SnapshotLoad, Storage } from '@base-kv/storage'
import { decodeState } from './range-state.ts'
import type { LoadedSnapshot, SnapshotHead, SnapshotStream } from './snapshot-transfer.ts'

/** Silence of the sender after which a pull is given up. */
const STALLED_MS = 30_000

export interface SnapshotInHost {
  readonly storage: Storage
  readonly log: Log
  nowMs(): number
  pull(from: Member, indexMin: LogIndex): SnapshotStream
  /** It is in place. */
  installed(loaded: LoadedSnapshot): void
  failed(): void
  /** After either of them, and after it was given up. */
  ended(): void
}

interface Pull {
  readonly ended: Promise<void>
  giveUp(failure: KvError): void
  failure: KvError | null
  /** Since when the sender is waited for; null while the own disk is. */
  waitingSinceMs: number | null
}

export class SnapshotIn {
  readonly #range: RangeId
  readonly #host: SnapshotInHost
  #pull: Pull | null = null
  #closed = false
  /** It is being swapped in: nothing may be applied meanwhile. */
  installing = false

  constructor(range: RangeId, host: SnapshotInHost) {
    this.#range = range
    this.#host = host
  }

  get underWay(): boolean {
    return this.#pull !== null
  }

  begin(from: Member, offered: SnapshotMeta): void {
    assert(!this.#pull, 'one snapshot at a time')
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    givenUp.catch(() => {})
    // Never within the turn that asked for it.
    const ended = Promise.resolve().then(() => this.#run(pull, givenUp, from, offered))
    const pull: Pull = {
      ended,
      giveUp: (failure) => {
        pull.failure ??= failure
        reject(failure)
      },
      failure: null,
      waitingSinceMs: null,
    }
    this.#pull = pull
  }

  giveUpWhenStalled(nowMs: number): void {
    const since = this.#pull?.waitingSinceMs ?? nowMs
    if (nowMs - since < STALLED_MS) return
    this.#pull?.giveUp(new KvError('TryLater', `nothing of the snapshot came for ${STALLED_MS / 1000} s`))
  }

  /** The one under way, unless it is being put in place by now. Another one may begin behind it. */
  giveUpThis(failure: KvError): void {
    this.#pull?.giveUp(failure)
  }

  /** For good. Resolves when the storage is not used any more; what is being put in place by then is finished first. */
  async giveUp(failure: KvError): Promise<void> {
    this.#closed = true
    this.#pull?.giveUp(failure)
    await this.#pull?.ended
  }

  async #run(pull: Pull, givenUp: Promise<never>, from: Member, { index }: SnapshotMeta): Promise<void> {
    const { log, installed, failed, ended } = this.#host
    log.info('pulls a snapshot', { range: this.#range, from: from.store, index })
    try {
      const loaded = await this.#install(pull, givenUp, this.#host.pull(from, index), index)
      if (this.#closed) return
      installed(loaded)
      log.info('installed a snapshot', { range: this.#range, index: loaded.snapshot.index })
    } catch (thrown) {
      if (!(thrown instanceof KvError)) throw thrown
      if (this.#closed) return
      log.warn('could not pull a snapshot', { range: this.#range, from: from.store, error: thrown.message })
      failed()
    } finally {
      this.installing = false
      this.#pull = null
      ended()
    }
  }

  async #install(
    pull: Pull,
    givenUp: Promise<never>,
    stream: SnapshotStream,
    indexMin: LogIndex,
  ): Promise<LoadedSnapshot> {
    const { storage } = this.#host
    killPoint('snapshot.pull')
    const load = await storage.data.beginLoad(this.#range)
    let head: SnapshotHead
    try {
      head = await this.#load(pull, givenUp, stream, load)
      if (head.snapshot.index < indexMin) {
        throw new KvError('TryLater', `the snapshot at ${head.snapshot.index} is older than ${indexMin}`)
      }
      if (pull.failure) throw pull.failure
    } catch (thrown) {
      load.abandon()
      throw thrown
    }
    killPoint('snapshot.loaded')
    const { snapshot } = head
    const state = decodeState(head.state)
    const applied = { index: snapshot.index, term: snapshot.term }
    this.installing = true
    await storage.install(this.#range, {
      snapshot,
      load,
      record: { boundary: state.boundary, applied, state: head.state },
    })
    return { snapshot, state }
  }

  async #load(pull: Pull, givenUp: Promise<never>, stream: SnapshotStream, load: SnapshotLoad): Promise<SnapshotHead> {
    const iterator = stream[Symbol.asyncIterator]()
    let head: SnapshotHead | null = null
    try {
      for (;;) {
        pull.waitingSinceMs = this.#host.nowMs()
        const { done, value: part } = await Promise.race([iterator.next(), givenUp])
        pull.waitingSinceMs = null
        if (done) break
        if ('snapshot' in part) {
          if (head) throw new KvError('Corrupt', 'a snapshot has two heads')
          // Before anything is loaded for a state that nobody here understands.
          decodeState(part.state)
          head = part
        } else {
          if (!head) throw new KvError('Corrupt', 'a snapshot begins without its head')
          await load.add(part.space, part.pairs)
          killPoint('snapshot.load')
        }
      }
    } finally {
      void iterator.return?.().catch(() => {})
    }
    if (!head) throw new KvError('Corrupt', 'a snapshot ended before its head')
    return head
  }
}
