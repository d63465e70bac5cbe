/** One call in memory: the client's half and the server's half, and the two ways between them. */
import { KvError } from '@base-kv/base'
import type { BidiEvents, CallOptions, ClientBidi } from './channel-types.ts'
import { MemoryServerCall } from './memory-server-call.ts'
import type { Way } from './memory-way.ts'
import type { Method } from './method-table.ts'

export interface MemoryCallOptions {
  readonly path: string
  readonly address: string
  readonly events: BidiEvents
  readonly options: CallOptions
  readonly there: Way
  readonly back: Way
  onDone(): void
}

const ROOM_BYTES = 64 * 1024

export class MemoryCall implements ClientBidi {
  readonly #call: MemoryCallOptions
  readonly #timer: NodeJS.Timeout | undefined
  readonly #deadlineAt: number
  #server: MemoryServerCall | undefined
  /** Invariant: once true nothing is delivered to the client, and nothing that is still under way to the server. */
  #done = false
  #ended = false
  #queuedBytes = 0
  #wantsDrain = false
  #paused = false
  #arrived: (() => void)[] = []

  constructor(call: MemoryCallOptions) {
    this.#call = call
    const { deadlineMs, signal } = call.options
    this.#deadlineAt = deadlineMs === undefined ? Infinity : performance.now() + deadlineMs
    if (deadlineMs !== undefined) {
      const text = `${call.address} did not answer within ${deadlineMs} ms`
      this.#timer = setTimeout(() => this.#break(new KvError(this.#lostCode('DeadlineExceeded'), text)), deadlineMs)
    }
    signal?.addEventListener('abort', this.#aborted)
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  write(request: Uint8Array): boolean {
    if (this.#done || this.#ended) return true
    const bytes = Buffer.from(request)
    this.#queuedBytes += bytes.length
    this.#call.there.carry(() => {
      this.#server?.arrive(() => {
        this.#queuedBytes -= bytes.length
        if (this.#wantsDrain && this.#queuedBytes === 0 && !this.#done) {
          this.#wantsDrain = false
          this.#call.events.onDrain?.()
        }
        return bytes
      })
    })
    this.#wantsDrain = this.#queuedBytes >= ROOM_BYTES
    return !this.#wantsDrain
  }

  end(): void {
    if (this.#done || this.#ended) return
    this.#ended = true
    this.#call.there.carry(() => this.#server?.arrive(() => undefined))
  }

  cancel(): void {
    this.#break(new KvError('Cancelled', 'the call was cancelled'))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    while (!this.#paused) {
      const event = this.#arrived.shift()
      if (event === undefined) return
      event()
    }
  }

  /** The connection is given up on the client's side. */
  abandon(reason: string): void {
    this.#break(new KvError(this.#lostCode('OutcomeUnknown'), `${reason} (${this.#call.address})`))
  }

  refused(): void {
    this.#finish(new KvError('Unreachable', `cannot reach ${this.#call.address}: nobody is there`))
  }

  answered(error: KvError | undefined): void {
    this.#deliver(() => this.#finish(error))
  }

  /** The server took the call. */
  serve(method: Method, onServerDone: () => void): void {
    if (this.#done) return onServerDone()
    const { path, back, options, events } = this.#call
    const server = new MemoryServerCall({
      path,
      metadata: options.metadata ?? {},
      deadlineAt: this.#deadlineAt,
      method,
      send: (bytes) => {
        back.carry(() =>
          this.#deliver(() => {
            server.took(bytes.length)
            events.onMessage(bytes)
          }),
        )
      },
      finish: (error) => {
        onServerDone()
        back.carry(() => this.answered(error))
      },
    })
    this.#server = server
    back.carry(() => this.#deliver(() => events.onOpen?.()))
    server.begin()
  }

  /** The server's process is gone. */
  serverDied(): void {
    this.#server?.cancel()
    const lost = new KvError('OutcomeUnknown', `the connection to ${this.#call.address} broke before the answer came`)
    this.#call.back.carry(() => this.answered(lost))
  }

  readonly #aborted = (): void => this.cancel()

  #lostCode(sent: 'OutcomeUnknown' | 'DeadlineExceeded'): 'OutcomeUnknown' | 'DeadlineExceeded' | 'Unreachable' {
    return this.#server === undefined ? 'Unreachable' : sent
  }

  #deliver(event: () => void): void {
    if (this.#done) return
    if (this.#paused) this.#arrived.push(() => this.#done || event())
    else event()
  }

  #break(error: KvError): void {
    if (this.#done) return
    this.#call.there.carry(() => this.#server?.cancel())
    this.#finish(error)
  }

  #finish(error: KvError | undefined): void {
    if (this.#done) return
    this.#done = true
    clearTimeout(this.#timer)
    this.#call.options.signal?.removeEventListener('abort', this.#aborted)
    this.#call.onDone()
    this.#call.events.onEnd(error)
  }
}
