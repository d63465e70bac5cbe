/**
 * One node as the client reaches it: a connection and the pipeline on it.
 *
 *   resting     nothing dialled; also while it waits, after a failure, to be dialled again
 *   connecting  the pipeline was called, the node has not accepted it yet; nothing is written to it
 *   open        operations are written
 *   closed      for good
 *
 * A watchdog runs while answers are owed: after some silence a Describe on the same connection asks for a sign of life.
 * While it is asked the node is `suspect` and gets nothing new if another one is open; no answer tears the connection
 * down. (A stopped process, or a cable that is out, keeps a connection standing for minutes.)
 */
import { KvError, type Log, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { BidiEvents, ClientBidi, RpcChannel } from '@base-kv/rpc'
import type { Operation } from './operation.ts'
import type { ClientDeps, Settings } from './options.ts'
import { Pipeline } from './pipeline.ts'
import { CallAlarm, type Wheel } from './wheel.ts'

export type NodeState = 'resting' | 'connecting' | 'open' | 'closed'

/** Operations of a connection that ended. */
export interface LeftBehind {
  readonly written: readonly Operation[]
  readonly unwritten: readonly Operation[]
}

export interface NodeOwner {
  opened(node: Node): void
  /** It could not be reached, or was lost. `written` may have been applied, `unwritten` was certainly not. */
  lost(node: Node, error: KvError, left: LeftBehind & { readonly wasOpen: boolean }): void
  answered(node: Node, operation: Operation, result: v1.PipelineResult.$Properties): void
  described(node: Node, reply: v1.DescribeReply): void
}

export interface NodeDeps extends ClientDeps {
  readonly wheel: Wheel
  readonly log: Log
}

const redialMinMs = 20
const redialMaxMs = 2_000
/** How long a sign of life may take once the watchdog asks for it. */
const signOfLifeMs = 1_000

export class Node {
  readonly address: string
  readonly #settings: Settings
  readonly #deps: NodeDeps
  readonly #owner: NodeOwner
  readonly #metadata: Readonly<Record<string, string>>
  #state: NodeState = 'resting'
  #isSuspect = false
  #channel: RpcChannel | undefined
  #stream: ClientBidi | undefined
  /** Events of an earlier dialling carry another number and are dropped. */
  #dialNumber = 0
  /** Invariant: set exactly while open. */
  #pipeline: Pipeline | undefined
  #failures = 0
  #lastError: KvError | undefined
  #triedMs = Number.NEGATIVE_INFINITY
  #dialAgainMs = Number.NEGATIVE_INFINITY
  #silentSinceMs = 0
  #describing: Promise<v1.DescribeReply> | undefined
  readonly #connectAlarm = new CallAlarm(() => this.#connectTookTooLong())
  readonly #watchdog = new CallAlarm(() => void this.#watch())

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

  get isSuspect(): boolean {
    return this.#isSuspect
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

  submit(operation: Operation): void {
    this.#pipeline?.enqueue(operation)
  }

  /** Begins to connect, if it rests and its pause is over (or does not matter). */
  dial(options: { readonly evenInPause: boolean }): void {
    const nowMs = this.#deps.clock.monotonicMs()
    if (this.#state !== 'resting' || (!options.evenInPause && nowMs < this.#dialAgainMs)) return
    this.#state = 'connecting'
    this.#triedMs = nowMs
    this.#deps.wheel.set(this.#connectAlarm, this.#settings.connectTimeoutMs)
    const dialNumber = ++this.#dialNumber
    const isCurrent = (): boolean => dialNumber === this.#dialNumber
    const events: BidiEvents = {
      onOpen: () => isCurrent() && this.#accepted(),
      onMessage: (frame) => isCurrent() && this.#pipeline?.received(frame),
      onDrain: () => isCurrent() && this.#pipeline?.drained(),
      onEnd: (error) => isCurrent() && this.#lost(error ?? new KvError('Unreachable', 'the node ended the stream')),
    }
    try {
      const stream = this.#openedChannel().bidi('/basekv.v1.KV/Pipeline', events, { metadata: this.#metadata })
      if (isCurrent()) this.#stream = stream
      else stream.cancel()
    } catch (thrown) {
      if (isCurrent()) this.#lost(toKvError(thrown))
    }
  }

  unary(path: string, request: Uint8Array, timeoutMs: number): Promise<Buffer> {
    return this.#openedChannel().unary(path, request, { metadata: this.#metadata, deadlineMs: Math.ceil(timeoutMs) })
  }

  serverStream(path: string, request: Uint8Array, signal: AbortSignal): AsyncIterable<Buffer> {
    return this.#openedChannel().serverStream(path, request, { metadata: this.#metadata, signal })
  }

  /** Asks the node for its picture; those who ask at the same time share one call. */
  describe(timeoutMs: number): Promise<v1.DescribeReply> {
    this.#describing ??= this.#describe(timeoutMs).finally(() => (this.#describing = undefined))
    return this.#describing
  }

  /** Ends everything. @returns what it held */
  close(): LeftBehind {
    this.#state = 'closed'
    return this.#tearDown()
  }

  async #describe(timeoutMs: number): Promise<v1.DescribeReply> {
    const bytes = await this.unary('/basekv.v1.BaseKVStore/Describe', new Uint8Array(), timeoutMs)
    const reply = v1.DescribeReply.decode(bytes)
    if (this.#state !== 'closed') this.#owner.described(this, reply)
    return reply
  }

  #openedChannel(): RpcChannel {
    if (this.#state === 'closed') throw new KvError('BadRequest', 'the client is closed')
    const { tls } = this.#settings
    const channel =
      this.#channel ?? this.#deps.openChannel(this.address, { ...(tls && { tls }), log: this.#deps.log })
    this.#channel = channel
    return channel
  }

  #accepted(): void {
    if (this.#state !== 'connecting' || this.#stream === undefined) return
    this.#deps.wheel.cancel(this.#connectAlarm)
    this.#state = 'open'
    this.#failures = 0
    this.#lastError = undefined
    this.#pipeline = new Pipeline(this.#stream, {
      answered: (operation, result) => this.#owner.answered(this, operation, result),
      heard: () => this.#heard(),
      owing: () => this.#owing(),
      garbled: (error) => this.#lost(error),
    })
    this.#owner.opened(this)
  }

  #connectTookTooLong(): void {
    this.#lost(new KvError('Unreachable', `no connection within ${this.#settings.connectTimeoutMs} ms`))
  }

  #lost(error: KvError): void {
    if (this.#state !== 'open' && this.#state !== 'connecting') return
    const wasOpen = this.#state === 'open'
    this.#state = 'resting'
    this.#lastError = error
    this.#failures++
    const pauseMs = Math.min(redialMinMs * 2 ** (this.#failures - 1), redialMaxMs)
    this.#dialAgainMs = this.#deps.clock.monotonicMs() + pauseMs / 2 + this.#deps.random.below(Math.ceil(pauseMs / 2))
    this.#deps.log.debug('connection lost', { address: this.address, wasOpen, code: error.code, reason: error.message })
    this.#owner.lost(this, error, { ...this.#tearDown(), wasOpen })
  }

  #tearDown(): LeftBehind {
    this.#dialNumber++
    this.#deps.wheel.cancel(this.#connectAlarm)
    this.#deps.wheel.cancel(this.#watchdog)
    const held = this.#pipeline?.close() ?? { written: [], unwritten: [] }
    const [stream, channel] = [this.#stream, this.#channel]
    this.#pipeline = undefined
    this.#stream = undefined
    // A new connection each time: what is wrong with the old one is not inherited.
    this.#channel = undefined
    this.#isSuspect = false
    stream?.cancel()
    channel?.close()
    return held
  }

  #heard(): void {
    this.#silentSinceMs = this.#deps.clock.monotonicMs()
    this.#isSuspect = false
  }

  #owing(): void {
    this.#silentSinceMs = this.#deps.clock.monotonicMs()
    this.#deps.wheel.cancel(this.#watchdog)
    this.#deps.wheel.set(this.#watchdog, this.#settings.silenceMs)
  }

  async #watch(): Promise<void> {
    const pipeline = this.#pipeline
    if (pipeline === undefined || pipeline.inFlightCount === 0) return
    const leftMs = this.#silentSinceMs + this.#settings.silenceMs - this.#deps.clock.monotonicMs()
    if (leftMs > 0) {
      this.#deps.wheel.set(this.#watchdog, leftMs)
      return
    }
    this.#isSuspect = true
    try {
      await this.#describe(signOfLifeMs)
    } catch (thrown) {
      if (pipeline !== this.#pipeline) return
      // Something may have come on the pipeline meanwhile, or the node lives but cannot describe itself.
      if (this.#isSuspect && !isAnswerOfNode(toKvError(thrown))) {
        this.#lost(new KvError('Unreachable', `no sign of life for ${this.#settings.silenceMs + signOfLifeMs} ms`))
        return
      }
    }
    if (pipeline !== this.#pipeline) return
    this.#heard()
    if (pipeline.inFlightCount > 0) this.#deps.wheel.set(this.#watchdog, this.#settings.silenceMs)
  }
}

/** Whether a failed call proves that the node itself answered. */
function isAnswerOfNode({ code }: KvError): boolean {
  return code !== 'DeadlineExceeded' && code !== 'Unreachable' && code !== 'OutcomeUnknown' && code !== 'Cancelled'
}
