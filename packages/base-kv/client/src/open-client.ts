/**
 * The client: what callers see, and where its parts are put together. The way of a put: here → request → router →
 * pipeline of the leader's node → one frame with all that was called in the same turn → reply, matched by id.
 */
import type { v1 } from '@base-kv/protocol'
import {
  type ChangeReplicasOptions,
  changeReplicas,
  type MergeOptions,
  mergeRanges,
  type SplitOptions,
  splitRange,
  type SplitResult,
  type TransferOptions,
  transferLeadership,
} from './management.ts'
import {
  type Bytes,
  type CallOptions,
  type ClientDeps,
  type ClientOptions,
  readSettings,
  type ReadOptions,
  realDeps,
  type Settings,
} from './options.ts'
import { type ClusterPicture, describeCluster, type RangesChoice } from './picture.ts'
import {
  type BatchOp,
  batchRequest,
  compareAndSetRequest,
  type CompareAndSetResult,
  decodeCompareAndSet,
  decodeGet,
  deleteRequest,
  getRequest,
  putRequest,
  type Request,
} from './request.ts'
import { type RecoverOptions, recoverRange } from './recover.ts'
import { Router } from './router.ts'
import { type KeyValue, scanPages, type ScanRange } from './scan.ts'

/**
 * Every failure is a KvError. `applied` of it is "no" (certainly not applied) or "unknown"; a write that was sent and not
 * answered is sent again until its deadline, applied once all the same; what became of it after that is `OutcomeUnknown`,
 * never called failed. Bytes given may be changed once the call returned; bytes that come back belong to the caller.
 */
export interface KvClient {
  put(key: Bytes, value: Bytes, options?: CallOptions): Promise<void>
  /** @returns undefined when the key is absent */
  get(key: Bytes, options?: ReadOptions): Promise<Uint8Array | undefined>
  /** Deleting what is absent is fine. */
  delete(key: Bytes, options?: CallOptions): Promise<void>
  /** Writes `value` if the key holds `expect`; `null`: if it is absent. */
  compareAndSet(
    key: Bytes,
    change: { readonly expect: Bytes | null; readonly value: Bytes },
    options?: CallOptions,
  ): Promise<CompareAndSetResult>
  /** All or nothing; all keys in one range. */
  batch(ops: readonly BatchOp[], options?: CallOptions): Promise<void>
  /** Keys in order; `timeoutMs` is for each page. */
  scan(range?: ScanRange, options?: ReadOptions): AsyncIterable<KeyValue>
  /** The same in the pages in which it comes, none empty. */
  scanPages(range?: ScanRange, options?: ReadOptions): AsyncIterable<KeyValue[]>
  /** Asks all nodes now, for all ranges unless some are chosen. Rejects only if none answers. */
  describe(options?: CallOptions & RangesChoice): Promise<ClusterPicture>
  transfer(options: TransferOptions): Promise<v1.RangeDescriptor.$Properties>
  changeReplicas(options: ChangeReplicasOptions): Promise<v1.RangeDescriptor.$Properties>
  /** Cuts a range in two; no data moves. */
  split(options: SplitOptions): Promise<SplitResult>
  /** Two neighbours become one; no data moves, unless they are held by different stores. */
  merge(options: MergeOptions): Promise<v1.RangeDescriptor.$Properties>
  /** Goes on with one replica where the quorum is lost for good. What only the lost ones had is lost. */
  recover(options: RecoverOptions): Promise<v1.RangeDescriptor.$Properties>
  /** Ends what is under way: what was sent is `OutcomeUnknown`, the rest `Unreachable`. */
  close(): void
  [Symbol.dispose](): void
}

/** Dials nothing before the first call. @throws KvError BadConfig */
export function openClient(options: ClientOptions, deps: ClientDeps = realDeps): KvClient {
  return new Client(readSettings(options), deps)
}

class Client implements KvClient {
  readonly #settings: Settings
  readonly #router: Router

  constructor(settings: Settings, deps: ClientDeps) {
    this.#settings = settings
    this.#router = new Router(settings, deps)
  }

  put(key: Bytes, value: Bytes, options?: CallOptions): Promise<void> {
    return this.#call(() => putRequest(key, value, this.#settings), nothing, options)
  }

  get(key: Bytes, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return this.#call(() => getRequest(key, options?.consistency), decodeGet, options)
  }

  delete(key: Bytes, options?: CallOptions): Promise<void> {
    return this.#call(() => deleteRequest(key), nothing, options)
  }

  compareAndSet(
    key: Bytes,
    change: { readonly expect: Bytes | null; readonly value: Bytes },
    options?: CallOptions,
  ): Promise<CompareAndSetResult> {
    return this.#call(() => compareAndSetRequest(key, change, this.#settings), decodeCompareAndSet, options)
  }

  batch(ops: readonly BatchOp[], options?: CallOptions): Promise<void> {
    if (ops.length === 0) return Promise.resolve()
    return this.#call(() => batchRequest(ops, this.#settings), nothing, options)
  }

  async *scan(range?: ScanRange, options?: ReadOptions): AsyncGenerator<KeyValue, void, undefined> {
    for await (const page of this.scanPages(range, options)) yield* page
  }

  scanPages(range: ScanRange = {}, options: ReadOptions = {}): AsyncGenerator<KeyValue[], void, undefined> {
    return scanPages(this.#router, range, {
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs,
      consistency: options.consistency ?? 'linearizable',
    })
  }

  describe(options: CallOptions & RangesChoice = {}): Promise<ClusterPicture> {
    const { timeoutMs = this.#settings.timeoutMs, rangeIds, keys } = options
    const choice = rangeIds || keys ? { rangeIds: rangeIds ?? [], keys: keys ?? [] } : undefined
    return describeCluster(this.#router, timeoutMs, choice)
  }

  transfer(options: TransferOptions): Promise<v1.RangeDescriptor.$Properties> {
    return transferLeadership(this.#router, { timeoutMs: this.#settings.timeoutMs, ...options })
  }

  changeReplicas(options: ChangeReplicasOptions): Promise<v1.RangeDescriptor.$Properties> {
    return changeReplicas(this.#router, { timeoutMs: this.#settings.timeoutMs, ...options })
  }

  merge(options: MergeOptions): Promise<v1.RangeDescriptor.$Properties> {
    return mergeRanges(this.#router, { timeoutMs: this.#settings.timeoutMs, ...options })
  }

  split(options: SplitOptions): Promise<SplitResult> {
    return splitRange(this.#router, { timeoutMs: this.#settings.timeoutMs, ...options })
  }

  recover(options: RecoverOptions): Promise<v1.RangeDescriptor.$Properties> {
    return recoverRange(this.#router, { timeoutMs: this.#settings.timeoutMs, ...options })
  }

  close(): void {
    this.#router.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #call<T>(request: () => Request, decode: (reply: Uint8Array) => T, options: CallOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      // A request that is wrong throws, which rejects.
      const timeoutMs = options.timeoutMs ?? this.#settings.timeoutMs
      this.#router.begin(request(), timeoutMs, (reply) => resolve(decode(reply)), reject)
    })
  }
}

const nothing = (): void => {}
