/**
 * One node as the client reaches it: a connection and the pipeline on it.
 *
 *   resting     nothing is dialled; after a failure, for a pause that grows
 *   connecting  asked to describe itself; the answer proves that the connection stands and that a node of ours is there,
 *               so that until then nothing that matters was sent
 *   open        operations are written
 *   closed      for good
 *
 * A connection that stands but does not answer (a stopped process, a cable that is out) is found by the channel itself,
 * which pings while calls are out; it ends the stream like any other break.
 */
import { KvError, type Log, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { ClientBidi, RpcChannel } from '@base-kv/rpc'
import type { Operation } from './operation.ts'
import type { ClientDeps, Settings } from './options.ts'
import { Pipeline } from './pipeline.ts'

export type NodeState = 'resting' | 'connecting' | 'open' | 'closed'

/** Operations of a connection that ended. */
export interface LeftBehind {
  /** May have been applied. */
  readonly written: readonly Operation[]
  /** Were certainly not. */
  readonly unwritten: readonly Operation[]
}

export interface NodeOwner {
  opened(node: Node): void
  /** It could not be reached, or was lost. */
  lost(node: Node, error: KvError, left: LeftBehind & { readonly wasOpen: boolean }): void
  answered(node: Node, operation: Operation, result: v1.PipelineResult.$Properties): void
  /** `isWhole`: it has no other ranges. */
  described(node: Node, reply: v1.DescribeReply, isWhole: boolean): void
}

export interface NodeDeps extends ClientDeps {
  readonly log: Log
  /** Goes along with the stream of operations: 16 bytes in hexadecimal. */
  readonly clientId: string
}

export type DescribeChoice = v1.DescribeRequest.$Properties

/** Of a cluster with more ranges the client learns those that it uses. */
const firstRoutesMax = 128

const redialMinMs = 20
const redialMaxMs = 2_000

export class Node {
  readonly address: string
  readonly #settings: Settings
  readonly #deps: NodeDeps
  readonly #owner: NodeOwner
  readonly #metadata: Readonly<Record<string, string>>
  #state: NodeState = 'resting'
  #channel: RpcChannel | undefined
  /** Invariant: both set exactly while open. */
  #stream: ClientBidi | undefined
  #pipeline: Pipeline | undefined
  /** Events of an earlier dialling carry another number and are dropped. */
  #dialNumber = 0
  #failures = 0
  #lastError: KvError | undefined
  #triedMs = Number.NEGATIVE_INFINITY
  #dialAgainMs = Number.NEGATIVE_INFINITY
  #describing: Promise<v1.DescribeReply> | undefined

  constructor(address: string, settings: Settings, deps: NodeDeps, owner: NodeOwner) {
    this.address = address
    this.#settings = settings
    this.#deps = deps
    this.#owner = owner
    this.#metadata = { store_name: settings.storeName }
  }

  get state(): NodeState {
    return this.#state
  }

  /** Why it is not open, after at least one failure. */
  get lastError(): KvError | undefined {
    return this.#lastError
  }

  /** When it was last dialled. */
  get triedMs(): number {
    return this.#triedMs
  }

  /** When the pause after the last failure ends. */
  get dialAgainMs(): number {
    return this.#dialAgainMs
  }

  /** Only while open. */
  submit(operation: Operation): void {
    this.#pipeline?.enqueue(operation)
  }

  /** Begins to connect, if it rests and its pause is over (or does not matter). */
  dial(options: { readonly evenInPause: boolean }): void {
    const nowMs = this.#deps.clock.monotonicMs()
    if (this.#state !== 'resting' || (!options.evenInPause && nowMs < this.#dialAgainMs)) return
    this.#state = 'connecting'
    this.#triedMs = nowMs
    const dialNumber = ++this.#dialNumber
    this.describe(this.#settings.connectTimeoutMs).then(
      () => dialNumber === this.#dialNumber && this.#open(dialNumber),
      (thrown: unknown) => dialNumber === this.#dialNumber && this.#lost(toKvError(thrown)),
    )
  }

  /** @throws (rejects) KvError */
  async unary(path: string, request: Uint8Array, timeoutMs: number): Promise<Buffer> {
    return this.#openedChannel().unary(path, request, { metadata: this.#metadata, deadlineMs: Math.ceil(timeoutMs) })
  }

  serverStream(path: string, request: Uint8Array, signal: AbortSignal): AsyncIterable<Buffer> {
    return this.#openedChannel().serverStream(path, request, { metadata: this.#metadata, signal })
  }

  /** Asks the node for the ways that it knows first; those who ask at the same time share one call. */
  describe(timeoutMs: number): Promise<v1.DescribeReply> {
    if (this.#describing !== undefined) return this.#describing
    const describing = this.#describe({ routes: true, limit: firstRoutesMax }, timeoutMs, true).finally(() => {
      if (this.#describing === describing) this.#describing = undefined
    })
    this.#describing = describing
    return describing
  }

  /** Asks the node for some of its ranges. */
  describeSome(choice: DescribeChoice, timeoutMs: number): Promise<v1.DescribeReply> {
    return this.#describe(choice, timeoutMs, false)
  }

  /** Asks the node for everything, page by page. */
  async describeAll(timeoutMs: number): Promise<v1.DescribeReply> {
    const untilMs = this.#deps.clock.monotonicMs() + timeoutMs
    const ranges: v1.RangeDescriptor.$Properties[] = []
    for (let after: Uint8Array = new Uint8Array(0); ;) {
      const leftMs = Math.max(untilMs - this.#deps.clock.monotonicMs(), 1)
      const page = await this.#ask({ after }, leftMs)
      ranges.push(...(page.store?.ranges ?? []))
      if (page.next.length > 0 && page.store) {
        after = page.next
        continue
      }
      if (page.store) page.store.ranges = ranges as v1.RangeDescriptor[]
      if (this.#state !== 'closed') this.#owner.described(this, page, true)
      return page
    }
  }

  /** Ends everything. @returns what it held */
  close(): LeftBehind {
    this.#state = 'closed'
    return this.#tearDown()
  }

  async #describe(choice: DescribeChoice, timeoutMs: number, fromStart: boolean): Promise<v1.DescribeReply> {
    const reply = await this.#ask(choice, timeoutMs)
    if (this.#state !== 'closed') this.#owner.described(this, reply, fromStart && reply.next.length === 0)
    return reply
  }

  async #ask(choice: DescribeChoice, timeoutMs: number): Promise<v1.DescribeReply> {
    const request = v1.DescribeRequest.encode(choice).finish()
    return v1.DescribeReply.decode(await this.unary('/basekv.v1.BaseKVStore/Describe', request, timeoutMs))
  }

  #openedChannel(): RpcChannel {
    if (this.#state === 'closed') throw new KvError('Unreachable', 'the client was closed')
    const { tls, stuckMs } = this.#settings
    const channel =
      this.#channel ?? this.#deps.openChannel(this.address, { ...(tls && { tls }), stuckMs, log: this.#deps.log })
    this.#channel = channel
    return channel
  }

  #open(dialNumber: number): void {
    const isCurrent = (): boolean => dialNumber === this.#dialNumber
    const stream = this.#openedChannel().bidi(
      '/basekv.v1.KV/Pipeline',
      {
        onMessage: (frame) => isCurrent() && pipeline.received(frame),
        onDrain: () => isCurrent() && pipeline.drained(),
        onEnd: (error) => isCurrent() && (error === undefined ? this.#dismissed() : this.#lost(error)),
      },
      { metadata: { ...this.#metadata, client_id: this.#deps.clientId } },
    )
    const pipeline = new Pipeline(stream, {
      answered: (operation, result) => this.#owner.answered(this, operation, result),
      garbled: (error) => isCurrent() && this.#lost(error),
    })
    this.#stream = stream
    this.#pipeline = pipeline
    this.#state = 'open'
    this.#failures = 0
    this.#lastError = undefined
    this.#owner.opened(this)
  }

  /**
   * The node ended the stream with OK, as one does that stops: by the protocol it has answered everything that it took,
   * and looks at nothing that comes later. What is not answered was therefore certainly not applied.
   */
  #dismissed(): void {
    const error = new KvError('TryLater', `${this.address} takes no more operations`, { hint: 'it is stopping' })
    this.#lost(error, ({ written, unwritten }) => ({ written: [], unwritten: [...written, ...unwritten] }))
  }

  #lost(error: KvError, judge: (left: LeftBehind) => LeftBehind = (left) => left): void {
    const wasOpen = this.#state === 'open'
    this.#state = 'resting'
    this.#lastError = error
    this.#failures++
    const pauseMs = Math.min(redialMinMs * 2 ** (this.#failures - 1), redialMaxMs)
    this.#dialAgainMs = this.#deps.clock.monotonicMs() + pauseMs / 2 + this.#deps.random.below(Math.ceil(pauseMs / 2))
    this.#deps.log.debug('node lost', { address: this.address, wasOpen, code: error.code, reason: error.message })
    this.#owner.lost(this, error, { ...judge(this.#tearDown()), wasOpen })
  }

  #tearDown(): LeftBehind {
    this.#dialNumber++
    const left = this.#pipeline?.close() ?? { written: [], unwritten: [] }
    const [stream, channel] = [this.#stream, this.#channel]
    this.#pipeline = undefined
    this.#stream = undefined
    // A new connection each time: what is wrong with the old one is not inherited.
    this.#channel = undefined
    this.#describing = undefined
    stream?.cancel()
    channel?.close()
    return left
  }
}
