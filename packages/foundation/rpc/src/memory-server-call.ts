/** The server's half of a call in memory: what ServerCall is to a socket. */
import { assert, AssertionError, KvError, toKvError } from '@base-kv/base'
import type { Method } from './method-table.ts'
import type { BidiStream, CallContext } from './service-table.ts'

const ROOM_BYTES = 64 * 1024

export interface MemoryServerCallOptions {
  readonly path: string
  readonly metadata: Readonly<Record<string, string>>
  readonly deadlineAt: number
  readonly method: Method
  send(bytes: Buffer): void
  finish(error: KvError | undefined): void
}

export class MemoryServerCall implements CallContext, BidiStream {
  readonly path: string
  readonly peer = 'memory'
  onMessage: (request: Buffer) => void = () => {}
  onEnd: () => void = () => {}
  onShutdown: () => void = () => {}
  readonly #call: MemoryServerCallOptions
  /** Undefined stands for the end of the requests. */
  #arrived: (() => Buffer | undefined)[] = []
  #paused = false
  #done = false
  #gone = false
  #request: Buffer | undefined
  #underWayBytes = 0
  #cancelRuns: (() => void)[] = []
  #roomRuns: (() => void)[] = []

  constructor(call: MemoryServerCallOptions) {
    this.#call = call
    this.path = call.path
  }

  get cancelled(): boolean {
    return this.#gone || this.remainingMs() <= 0
  }

  remainingMs(): number {
    return this.#call.deadlineAt === Infinity ? Infinity : this.#call.deadlineAt - performance.now()
  }

  get(name: string): string | undefined {
    return this.#call.metadata[name]
  }

  storeName(): string {
    return this.get('store_name') ?? 'kv.store'
  }

  onCancel(run: () => void): void {
    if (!this.#done) this.#cancelRuns.push(run)
  }

  begin(): void {
    const { method } = this.#call
    if (method.kind === 'bidi') this.#guard(() => method.handler(this, this))
  }

  /** `take` gives the bytes when they are handed on, and frees the sender's queue. */
  arrive(take: () => Buffer | undefined): void {
    this.#arrived.push(take)
    if (!this.#paused) this.#handOn()
  }

  /** The client is gone. */
  cancel(): void {
    this.#gone = true
    if (!this.#done) {
      this.#done = true
      for (const run of this.#cancelRuns) run()
    }
    this.#releaseRoom()
  }

  write(response: Uint8Array): boolean {
    if (this.#done) return true
    this.#underWayBytes += response.length
    this.#call.send(Buffer.from(response))
    return this.#underWayBytes < ROOM_BYTES
  }

  /** The client's reader took that many bytes. */
  took(bytes: number): void {
    this.#underWayBytes -= bytes
    if (this.#underWayBytes < ROOM_BYTES) this.#releaseRoom()
  }

  drained(): Promise<void> {
    if (this.#done || this.#underWayBytes < ROOM_BYTES) return Promise.resolve()
    return new Promise((resolve) => this.#roomRuns.push(resolve))
  }

  end(): void {
    this.#finish(undefined)
  }

  fail(error: KvError): void {
    this.#finish(error)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#handOn()
  }

  #handOn(): void {
    while (!this.#paused && !this.#done) {
      const take = this.#arrived.shift()
      if (take === undefined) return
      const request = take()
      this.#guard(() => (request === undefined ? this.#ended() : this.#received(request)))
    }
  }

  #received(request: Buffer): void {
    const { kind } = this.#call.method
    if (kind === 'bidi') return this.onMessage(request)
    if (this.#request !== undefined) throw new KvError('BadRequest', `${this.path} takes one message`)
    this.#request = request
  }

  #ended(): void {
    const { method } = this.#call
    if (method.kind === 'bidi') return this.onEnd()
    const request = this.#request
    if (request === undefined) throw new KvError('BadRequest', `${this.path} wants a message`)
    if (method.kind === 'serverStream') {
      method.handler(request, this, this)?.catch((thrown: unknown) => this.#crash(thrown))
      return
    }
    method.handler(request, this, (error, response) => {
      if (this.#done) return
      if (error !== null) return this.fail(error)
      assert(response !== undefined, 'a reply is an error or a message')
      this.write(response)
      this.end()
    })
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (thrown) {
      this.#crash(thrown)
    }
  }

  #crash(thrown: unknown): void {
    if (thrown instanceof AssertionError) throw thrown
    this.fail(toKvError(thrown))
  }

  #finish(error: KvError | undefined): void {
    if (this.#done) return
    this.#done = true
    this.#call.finish(error)
    this.#releaseRoom()
  }

  #releaseRoom(): void {
    const runs = this.#roomRuns
    this.#roomRuns = []
    for (const run of runs) run()
  }
}
