/**
 * One call of the caller, from the first attempt to its single end.
 *
 * The end is one of three: its own answer; an error that says it was certainly not applied; or one that says nobody knows
 * (`KvError.applied`). The rules that decide between retry and end:
 * - "not now, certainly not applied" (TryLater, BadVersion) is repeated, and so is what was never written to a connection;
 * - what was written and not answered (broken connection, deposed leader) is repeated too. Of a write an earlier attempt
 *   may have been applied by then: each attempt carries the same sequence, by which the range recognises it, and says that
 *   it is a retry; no refusal can promise any more that nothing was applied, so the end is an answer or OutcomeUnknown.
 */
import { KvError, toKvError } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import { readBackHint } from './hints.ts'
import type { Pipeline } from './pipeline.ts'
import type { Request } from './request.ts'
import { Alarm } from './wheel.ts'

export interface OperationOwner {
  /** The end has not come by the time for which it was set on the wheel. */
  expired(operation: Operation): void
  settled(operation: Operation): void
}

export interface OperationOptions {
  readonly request: Request
  /** Of a write: unique among this client's. */
  readonly sequence: number
  readonly timeoutMs: number
  readonly nowMs: number
}

/** It is its own alarm: the deadline of an attempt, then its own. */
export class Operation extends Alarm {
  readonly request: Request
  readonly timeoutMs: number
  readonly sinceMs: number
  readonly deadlineMs: number
  /** Reused for each sending; `id` is the pipeline's. */
  readonly wire: v1.RawPipelineOp.$Properties
  /** Invariant: set exactly while it is written to that pipeline and not answered. */
  pipeline: Pipeline | undefined = undefined
  /** Sendings that did not end it. */
  attempts = 0
  /** The newest reason for a retry. */
  lastError: KvError | undefined = undefined
  isSettled = false
  /** Invariant: once true, an earlier sending may have been applied; it never becomes false again. */
  #isTainted = false
  readonly #owner: OperationOwner
  readonly #resolve: (reply: Uint8Array) => void
  readonly #reject: (error: KvError) => void

  constructor(
    options: OperationOptions,
    owner: OperationOwner,
    /** May throw: a reply that cannot be decoded. */
    resolve: (reply: Uint8Array) => void,
    reject: (error: KvError) => void,
  ) {
    super()
    const { request } = options
    this.request = request
    this.timeoutMs = options.timeoutMs
    this.sinceMs = options.nowMs
    this.deadlineMs = options.nowMs + options.timeoutMs
    this.wire = { id: 0, [request.kind]: request.body }
    if (request.isWrite) this.wire.sequence = options.sequence
    this.#owner = owner
    this.#resolve = resolve
    this.#reject = reject
  }

  get key(): Uint8Array {
    return this.request.key
  }

  get isStale(): boolean {
    return this.request.isStale
  }

  get bytes(): number {
    return this.request.body.length
  }

  get isTainted(): boolean {
    return this.#isTainted
  }

  /**
   * It is about to be sent to a range that has reached `position`, as far as is known here. One that may have been applied
   * keeps what it said first: by that the range tells whether it could have forgotten it.
   */
  departs(position: number): void {
    if (this.request.isWrite && !this.#isTainted) this.wire.seen = position
  }

  override ring(): void {
    this.#owner.expired(this)
  }

  answer(reply: Uint8Array): void {
    if (!this.#settle()) return
    try {
      this.#resolve(reply)
    } catch (thrown) {
      // Applied, but what it said cannot be read.
      this.#reject(new KvError('InternalError', `unreadable reply: ${toKvError(thrown).message}`, { cause: thrown }))
    }
  }

  /** One attempt did not succeed. True: to be sent again. False: it has ended with `error`. */
  retriesAfter(error: KvError): boolean {
    if (this.isSettled) return false
    const isUnknown = error.applied === 'unknown'
    if (isUnknown && this.request.isWrite) {
      this.#isTainted = true
      this.wire.retry = true
    }
    if (isUnknown ? error.code !== 'OutcomeUnknown' : !error.retry) {
      this.fail(error)
      return false
    }
    this.attempts++
    this.lastError = error
    return true
  }

  /** Ends it, whatever was tried before. */
  fail(error: KvError): void {
    if (!this.#settle()) return
    if (this.#isTainted && error.applied === 'no') {
      const message = `an earlier attempt may have been applied; the last one failed: ${error.message}`
      this.#reject(new KvError('OutcomeUnknown', message, { hint: readBackHint, cause: error }))
    } else {
      this.#reject(error)
    }
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.pipeline?.forget(this)
    this.#owner.settled(this)
    return true
  }
}
