/**
 * The answering side of a stream that carries many operations: answers of one turn share a frame, frames stay small
 * enough for any reader, and a reader that is slow is not sent to without end.
 */
import { limits } from '@base-kv/base'
import type { BidiStream } from '@base-kv/rpc'

/** Bytes after which a frame is not made longer. A largest answer on top still fits in what clients take. */
const FRAME_BYTES = 256 * 1024
/** What an answer takes beside its bytes. */
const ANSWER_BYTES = 64

export class Answers<T> {
  readonly #stream: BidiStream
  readonly #encode: (answers: T[]) => Uint8Array
  #waiting: T[] = []
  #bytes = 0
  #open = 0
  // Nothing more is read.
  #ended = false
  #sendAsked = false
  #draining = false

  constructor(stream: BidiStream, encode: (answers: T[]) => Uint8Array) {
    this.#stream = stream
    this.#encode = encode
    const endWhenAnswered = () => {
      this.#ended = true
      if (this.#open === 0 && !this.#sendAsked) stream.end()
    }
    stream.onEnd = endWhenAnswered
    // What was not read by then has not been looked at: the OK at the end tells the other side so.
    stream.onShutdown = () => {
      stream.pause()
      endWhenAnswered()
    }
  }

  /** One more operation was read. False: too many wait already; it is to be answered all the same, at once. */
  begin(): boolean {
    this.#open++
    return this.#open <= limits.pipelineInFlightMax
  }

  /** @param bytes of the reply in it */
  answer(answer: T, bytes: number): void {
    this.#open--
    if (this.#bytes > 0 && this.#bytes + bytes > FRAME_BYTES) this.#send()
    this.#waiting.push(answer)
    this.#bytes += bytes + ANSWER_BYTES
    if (this.#sendAsked) return
    this.#sendAsked = true
    queueMicrotask(this.#sendLast)
  }

  readonly #sendLast = (): void => {
    this.#sendAsked = false
    this.#send()
    if (this.#ended && this.#open === 0) this.#stream.end()
  }

  #send(): void {
    if (this.#waiting.length === 0) return
    const frame = this.#encode(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    if (this.#stream.write(frame) || this.#draining) return
    // Nothing more is read until the reader has taken what is there.
    this.#draining = true
    this.#stream.pause()
    void this.#stream.drained().then(() => {
      this.#draining = false
      if (!this.#ended) this.#stream.resume()
    })
  }
}
