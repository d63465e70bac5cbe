/**
 * A snapshot on its way in, at most one at a time. Until it is being put in place it can be given up at any moment, also
 * while the sender says nothing. A pull that breaks off leaves what has come by then (durable, read by nobody), and the
 * next one from the same sender asks for the rest; if the sender does not have that view any more it begins anew.
 */
import { assert, killPoint, KvError, type Log, type LogIndex, type RangeId, sameKey } from '@base-kv/base'
import type { Member, SnapshotMeta } from '@base-kv/raft'
import type { SnapshotLoad, Storage } from '@base-kv/storage'
import type { Install } from './range-deps.ts'
import { decodeState, type ReplicatedState } from './range-state.ts'
import type {
  LoadedSnapshot,
  SnapshotHead,
  SnapshotPart,
  SnapshotRequest,
  SnapshotResume,
  SnapshotStream,
} from './snapshot-transfer.ts'

/** Silence of the sender after which a pull is given up. */
const STALLED_MS = 30_000

export interface SnapshotInHost {
  readonly storage: Storage
  readonly log: Log
  nowMs(): number
  pull(from: Member, request: SnapshotRequest): SnapshotStream
  /** Calls `install` with the replicas here that the snapshot replaces, once they do nothing any more. */
  takeOver(arriving: ReplicatedState, install: Install): Promise<void>
  /** It is in place. */
  installed(loaded: LoadedSnapshot): void
  failed(): void
  /** After either of them, and after it was given up. */
  ended(): void
}

interface Pull {
  readonly ended: Promise<void>
  readonly givenUp: Promise<never>
  giveUp(failure: KvError): void
  failure: KvError | null
  /** What has come is of no use any more. */
  forGood: boolean
  /** Since when the sender is waited for; null while the own disk is. */
  waitingSinceMs: number | null
}

export class SnapshotIn {
  readonly #range: RangeId
  readonly #host: SnapshotInHost
  #pull: Pull | null = null
  #closed = false
  /** Where the pull before broke off, and whose it was. */
  #brokeOff: { readonly from: Member; readonly resume: SnapshotResume } | null = null
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
    const ended = Promise.resolve().then(() => this.#run(pull, from, offered))
    const pull: Pull = {
      ended,
      givenUp,
      giveUp: (failure) => {
        pull.failure ??= failure
        reject(failure)
      },
      failure: null,
      forGood: false,
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
    if (this.#pull) this.#pull.forGood = true
    this.#pull?.giveUp(failure)
  }

  /** For good. Resolves when the storage is not used any more; what is being put in place by then is finished first. */
  async giveUp(failure: KvError): Promise<void> {
    this.#closed = true
    this.#pull?.giveUp(failure)
    await this.#pull?.ended
  }

  async #run(pull: Pull, from: Member, { index }: SnapshotMeta): Promise<void> {
    const { log, installed, failed, ended } = this.#host
    try {
      const loaded = await this.#pullFrom(pull, from, index)
      if (this.#closed) return
      installed(loaded)
      log.info('installed a snapshot', { range: this.#range, index: loaded.snapshot.index })
    } catch (thrown) {
      if (!(thrown instanceof KvError)) throw thrown
      if (this.#closed) return
      const kept = this.#brokeOff !== null
      log.warn('could not pull a snapshot', { range: this.#range, from: from.store, error: thrown.message, kept })
      failed()
    } finally {
      this.installing = false
      this.#pull = null
      ended()
    }
  }

  async #pullFrom(pull: Pull, from: Member, indexMin: LogIndex): Promise<LoadedSnapshot> {
    const { log } = this.#host
    const before = this.#brokeOff
    const resume = before?.from.store === from.store && before.from.replica === from.replica ? before.resume : null
    log.info('pulls a snapshot', { range: this.#range, from: from.store, index: indexMin, resumes: resume !== null })
    killPoint('snapshot.pull')
    const parts = this.#host.pull(from, { indexMin, resume })[Symbol.asyncIterator]()
    try {
      const head = await this.#next(pull, parts)
      if (!head || !('snapshot' in head)) throw new KvError('Corrupt', 'a snapshot begins without its head')
      this.#brokeOff = null
      const state = checkHead(head, indexMin)
      const load = await this.#beginLoad(head, head.resumed ? resume : null)
      await this.#load(pull, parts, load, { from, view: head.view })
      return await this.#install(head, state, load)
    } finally {
      void parts.return?.().catch(() => {})
    }
  }

  async #beginLoad({ snapshot, view, resumed }: SnapshotHead, resume: SnapshotResume | null): Promise<SnapshotLoad> {
    const resumeKey = `${snapshot.index}/${snapshot.term}/${view}`
    const load = await this.#host.storage.data.beginLoad(this.#range, { resumeKey })
    const { position } = load
    const goesOn =
      resume !== null && position?.space === resume.position.space && sameKey(position.key, resume.position.key)
    if (goesOn || (!resumed && position === null)) return load
    load.abandon()
    throw new KvError('TryLater', 'what came of this snapshot before is not here any more', {
      hint: 'it is pulled anew',
    })
  }

  async #load(
    pull: Pull,
    parts: AsyncIterator<SnapshotPart>,
    load: SnapshotLoad,
    sender: { readonly from: Member; readonly view: string },
  ): Promise<void> {
    const begun = load.position
    try {
      for (let part = await this.#next(pull, parts); part; part = await this.#next(pull, parts)) {
        if ('snapshot' in part) throw new KvError('Corrupt', 'a snapshot has two heads')
        await load.add(part.space, part.pairs)
        killPoint('snapshot.load')
      }
      if (pull.failure) throw pull.failure
    } catch (thrown) {
      const { position } = load
      // A sender that sends nonsense twice at the same place is not asked for it a third time.
      const isUseless = thrown instanceof KvError && thrown.code === 'Corrupt' && position === begun
      if (position === null || isUseless || pull.forGood || this.#closed) load.abandon()
      else {
        load.suspend()
        this.#brokeOff = { from: sender.from, resume: { view: sender.view, position } }
      }
      throw thrown
    }
    killPoint('snapshot.loaded')
  }

  async #install({ snapshot, state: bytes }: SnapshotHead, state: ReplicatedState, load: SnapshotLoad) {
    const applied = { index: snapshot.index, term: snapshot.term }
    this.installing = true
    const record = { boundary: state.boundary, applied, state: bytes }
    await this.#host.takeOver(state, (replaces) =>
      this.#host.storage.install(this.#range, { snapshot, load, record, replaces }),
    )
    return { snapshot, state }
  }

  /** The next part, or null at the end. Throws at once when the pull is given up. */
  async #next(pull: Pull, parts: AsyncIterator<SnapshotPart>): Promise<SnapshotPart | null> {
    pull.waitingSinceMs = this.#host.nowMs()
    const { done, value } = await Promise.race([parts.next(), pull.givenUp])
    pull.waitingSinceMs = null
    return done ? null : value
  }
}

/** Before anything is loaded for a state that nobody here understands. */
function checkHead({ snapshot, state }: SnapshotHead, indexMin: LogIndex): ReplicatedState {
  if (snapshot.index < indexMin) {
    throw new KvError('TryLater', `the snapshot at ${snapshot.index} is older than ${indexMin}`)
  }
  return decodeState(state)
}
