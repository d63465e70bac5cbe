/**
 * Clients' operations on their way to another node: one bidirectional stream a peer, many operations a frame, replies
 * matched by id. When the stream breaks, what was on it is answered by what can be known: reads may be asked again,
 * writes are *unknown*.
 */
import { KvError, type KvErrorCode, errorCodes, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { BidiHandler, ClientBidi, RpcChannel } from '@base-kv/rpc'
import type { Gateway, GatewayReply, GatewayRequest } from './gateway.ts'

export const FORWARD_PATH = '/basekv.v1.Peer/Forward'

interface Open {
  readonly write: boolean
  readonly reply: GatewayReply
}

/** The sending side. */
export class OperationStream {
  readonly #bidi: ClientBidi
  readonly #open = new Map<number, Open>()
  #ops: v1.ForwardOp.$Properties[] = []
  #nextId = 1
  #sendAsked = false
  #ended = false

  constructor(channel: RpcChannel, onEnd: () => void) {
    this.#bidi = channel.bidi(FORWARD_PATH, {
      onMessage: (bytes) => this.#receive(bytes),
      onEnd: (error) => {
        onEnd()
        this.#breakAll(error === undefined)
      },
    })
  }

  /** False: too much waits already, nothing was sent. */
  send(request: GatewayRequest, hops: number, reply: GatewayReply): boolean {
    if (this.#ended || this.#open.size >= limits.pipelineInFlightMax) return false
    if (this.#bidi.queuedBytes > limits.peerQueueBytesMax) return false
    const id = this.#nextId
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1
    this.#open.set(id, { write: request.write, reply })
    const { store: storeName, key, write, kind, consistency, body } = request
    this.#ops.push({ id, storeName, key, write, kind, consistency, body, hops })
    if (this.#ops.length >= limits.pipelineFrameOpsMax) this.#send()
    else if (!this.#sendAsked) {
      this.#sendAsked = true
      setImmediate(() => this.#send())
    }
    return true
  }

  close(): void {
    this.#bidi.cancel()
    this.#breakAll(false)
  }

  #send(): void {
    this.#sendAsked = false
    if (this.#ops.length === 0 || this.#ended) return
    const ops = this.#ops
    this.#ops = []
    // A frame stays under the peer's limit whatever the operations' sizes.
    let frame: v1.ForwardOp.$Properties[] = []
    let bytes = 0
    for (const op of ops) {
      const size = (op.body?.length ?? 0) + (op.key?.length ?? 0) + 64
      if (bytes + size > limits.raftFrameBytesMax / 2 && frame.length > 0) {
        this.#bidi.write(v1.ForwardRequest.encode({ ops: frame }).finish())
        frame = []
        bytes = 0
      }
      frame.push(op)
      bytes += size
    }
    this.#bidi.write(v1.ForwardRequest.encode({ ops: frame }).finish())
  }

  #receive(bytes: Buffer): void {
    for (const result of v1.ForwardReply.decode(bytes).results ?? []) {
      const open = this.#open.get(result.id ?? 0)
      if (!open) continue
      this.#open.delete(result.id ?? 0)
      if (result.code) open.reply(errorFromWire(result))
      else open.reply(null, result.reply ?? new Uint8Array(0))
    }
  }

  /** `orderly`: the other node ended the stream itself, so it has not looked at what it did not answer. */
  #breakAll(orderly: boolean): void {
    if (this.#ended) return
    this.#ended = true
    for (const { write, reply } of this.#open.values()) {
      reply(
        write && !orderly
          ? new KvError('OutcomeUnknown', 'the connection to the leader broke before its answer', {
              hint: 'read the key to see whether the write was applied',
            })
          : new KvError('TryLater', 'the connection to the leader ended', { hint: 'send again' }),
      )
    }
    this.#open.clear()
  }
}

function errorFromWire(result: v1.ForwardResult.$Properties): KvError {
  const code = result.code && result.code in errorCodes ? (result.code as KvErrorCode) : 'InternalError'
  return new KvError(code, result.message ?? '', result.hint ? { hint: result.hint } : {})
}

/** The receiving side: a bidi handler for FORWARD_PATH. */
export function forwardHandler(gateway: Gateway): BidiHandler {
  return (_call, stream) => {
    let results: v1.ForwardResult.$Properties[] = []
    let open = 0
    let ended = false
    let sendAsked = false
    const send = () => {
      sendAsked = false
      if (results.length > 0) {
        stream.write(v1.ForwardReply.encode({ results }).finish())
        results = []
      }
      if (ended && open === 0) stream.end()
    }
    const answer = (result: v1.ForwardResult.$Properties) => {
      open--
      results.push(result)
      if (sendAsked) return
      sendAsked = true
      queueMicrotask(send)
    }
    stream.onMessage = (bytes) => {
      for (const op of v1.ForwardRequest.decode(bytes).ops ?? []) {
        open++
        const id = op.id ?? 0
        const empty = new Uint8Array(0)
        const request: GatewayRequest = {
          store: op.storeName ?? '',
          key: op.key ?? empty,
          write: op.write ?? false,
          kind: op.kind ?? 0,
          consistency: op.consistency ?? 0,
          body: op.body ?? empty,
        }
        gateway.executeForwarded(request, op.hops ?? 1, (error, reply) =>
          answer(
            error
              ? { id, code: error.code, message: error.message, hint: error.hint ?? '' }
              : { id, reply: reply ?? null },
          ),
        )
      }
    }
    const endWhenAnswered = () => {
      ended = true
      if (open === 0 && !sendAsked) stream.end()
    }
    stream.onEnd = endWhenAnswered
    // What was not read by then has not been looked at: the OK at the end tells the other node so.
    stream.onShutdown = () => {
      stream.pause()
      endWhenAnswered()
    }
  }
}
