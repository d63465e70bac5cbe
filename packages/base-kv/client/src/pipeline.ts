/**
 * One bidirectional stream to one node. What is called in the same turn of the event loop goes out in one frame; while
 * the connection takes nothing more, operations wait here, unwritten, so that the next frame is fuller and so that they
 * can still go elsewhere.
 */
import { KvError, assert, limits, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { ClientBidi } from '@base-kv/rpc'
import type { Operation } from './operation.ts'

/** Bytes of operations in one frame; a single operation may be larger. */
const frameBytesMax = 1024 * 1024

export interface PipelineOwner {
  answered(operation: Operation, result: v1.PipelineResult.$Properties): void
  /** What came is not the protocol. */
  garbled(error: KvError): void
}

export class Pipeline {
  readonly #stream: ClientBidi
  readonly #owner: PipelineOwner
  /** Not written yet; may hold operations that have ended meanwhile. */
  #queue: Operation[] = []
  /** Invariant: `inFlight.get(id).pipeline === this` and `wire.id === id`. */
  readonly #inFlight = new Map<number, Operation>()
  #nextId = 1
  #takesMore = true
  #flushIsSet = false
  #isClosed = false

  constructor(stream: ClientBidi, owner: PipelineOwner) {
    this.#stream = stream
    this.#owner = owner
  }

  enqueue(operation: Operation): void {
    assert(!this.#isClosed, 'a closed pipeline takes nothing')
    this.#queue.push(operation)
    this.#setFlush()
  }

  /** The stream takes more again. */
  drained(): void {
    this.#takesMore = true
    this.#setFlush()
  }

  received(frame: Uint8Array): void {
    if (this.#isClosed) return
    let results: readonly v1.PipelineResult.$Properties[]
    try {
      results = v1.PipelineReply.decode(frame).results
    } catch (thrown) {
      this.#owner.garbled(new KvError('InternalError', `unreadable frame: ${toKvError(thrown).message}`))
      return
    }
    for (const result of results) {
      const operation = this.#inFlight.get(result.id ?? 0)
      // The answer to one whose deadline has passed.
      if (operation === undefined) continue
      this.forget(operation)
      this.#owner.answered(operation, result)
    }
    if (this.#queue.length > 0) this.#setFlush()
  }

  /** Its answer is not waited for any more. */
  forget(operation: Operation): void {
    this.#inFlight.delete(operation.wire.id as number)
    operation.pipeline = undefined
  }

  /** Ends the pipeline. @returns what was written and not answered, and what was never written */
  close(): { written: Operation[]; unwritten: Operation[] } {
    this.#isClosed = true
    const written = [...this.#inFlight.values()]
    for (const operation of written) this.forget(operation)
    const unwritten = this.#queue.filter((operation) => !operation.isSettled)
    this.#queue = []
    return { written, unwritten }
  }

  #setFlush(): void {
    if (this.#flushIsSet || !this.#takesMore || this.#isClosed) return
    this.#flushIsSet = true
    setImmediate(() => {
      this.#flushIsSet = false
      if (!this.#isClosed) this.#flush()
    })
  }

  #flush(): void {
    const queue = this.#queue
    let at = 0
    while (at < queue.length && this.#takesMore && this.#inFlight.size < limits.pipelineInFlightMax) {
      const ops: v1.RawPipelineOp.$Properties[] = []
      let bytes = 0
      for (; at < queue.length && ops.length < limits.pipelineFrameOpsMax; at++) {
        const operation = queue[at] as Operation
        if (operation.isSettled) continue
        if (ops.length > 0 && bytes + operation.bytes > frameBytesMax) break
        if (this.#inFlight.size >= limits.pipelineInFlightMax) break
        bytes += operation.bytes
        ops.push(operation.wire)
        operation.wire.id = this.#freeId()
        operation.pipeline = this
        this.#inFlight.set(operation.wire.id, operation)
      }
      if (ops.length > 0) this.#takesMore = this.#stream.write(v1.RawPipelineRequest.encode({ ops }).finish())
    }
    if (at === queue.length) this.#queue = []
    else queue.splice(0, at)
  }

  #freeId(): number {
    let id = this.#nextId
    while (this.#inFlight.has(id)) id = nextId(id)
    this.#nextId = nextId(id)
    return id
  }
}

/** 0 is never used: it would not stand on the wire. */
const nextId = (id: number): number => (id >= 0xffff_ffff ? 1 : id + 1)
