/**
 * Clients' operations on their way to another node: one bidirectional stream a peer, many operations a frame, replies
 * matched by id. When the stream breaks, what was on it is answered by what can be known: reads may be asked again,
 * writes are *unknown*.
 */
import { KvError, type KvErrorCode, errorCodes, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { BidiHandler, ClientBidi, RpcChannel } from '@base-kv/rpc'
import { clientIdFromBytes, clientIdToBytes, type Stamp } from '@base-kv/range'
import { Answers } from './answers.ts'
import type { Gateway, GatewayReply, GatewayRequest } from './gateway.ts'

export const FORWARD_PATH = '/basekv.v1.Peer/Forward'

interface Open {
  readonly write: boolean
  readonly reply: GatewayReply
}

/** Bytes after which operations that wait for the end of the turn leave at once; a largest one on top still fits. */
const FRAME_BYTES = limits.raftFrameBytesMax / 4
/** What an operation takes beside its key and body. */
const OPERATION_BYTES = 64

/** The sending side. */
export class OperationStream {
  readonly #bidi: ClientBidi
  readonly #open = new Map<number, Open>()
  // Not handed to the connection yet. Invariant: each of them is open.
  #ops: v1.ForwardOp.$Properties[] = []
  #opsBytes = 0
  #nextId = 1
  #sendAsked = false
  #ended = false

  constructor(channel: RpcChannel, onEnd: () => void) {
    this.#bidi = channel.bidi(FORWARD_PATH, {
      onMessage: (bytes) => this.#receive(bytes),
      onEnd: (error) => {
        onEnd()
        // Ended in order: it has not looked at what it did not answer. Unreachable: nothing has left.
        this.#breakAll(error === undefined || error.code === 'Unreachable')
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
    const { store: storeName, key, write, kind, consistency, body, stamp } = request
    const op: v1.ForwardOp.$Properties = { id, storeName, key, write, kind, consistency, body, hops }
    this.#ops.push(stamp ? { ...op, ...stampToWire(stamp) } : op)
    this.#opsBytes += key.length + body.length + OPERATION_BYTES
    if (this.#ops.length >= limits.pipelineFrameOpsMax || this.#opsBytes >= FRAME_BYTES) this.#send()
    else if (!this.#sendAsked) {
      this.#sendAsked = true
      setImmediate(() => {
        this.#sendAsked = false
        this.#send()
      })
    }
    return true
  }

  close(): void {
    this.#bidi.cancel()
    this.#breakAll(false)
  }

  #send(): void {
    if (this.#ops.length === 0 || this.#ended) return
    this.#bidi.write(v1.ForwardRequest.encode({ ops: this.#ops }).finish())
    this.#ops = []
    this.#opsBytes = 0
  }

  #receive(bytes: Buffer): void {
    for (const result of v1.ForwardReply.decode(bytes).results ?? []) {
      const open = this.#open.get(result.id ?? 0)
      if (!open) continue
      this.#open.delete(result.id ?? 0)
      const position = result.position ?? undefined
      if (result.code) open.reply(errorFromWire(result), undefined, position)
      else open.reply(null, result.reply ?? EMPTY, position)
    }
  }

  /** `untouched`: what was not answered was certainly not looked at. */
  #breakAll(untouched: boolean): void {
    if (this.#ended) return
    this.#ended = true
    const unsent = new Set(this.#ops.map((op) => op.id))
    this.#ops = []
    const open = [...this.#open]
    this.#open.clear()
    for (const [id, { write, reply }] of open) {
      reply(
        write && !untouched && !unsent.has(id)
          ? new KvError('OutcomeUnknown', 'the connection to the leader broke before its answer', {
              hint: 'read the key to see whether the write was applied',
            })
          : new KvError('TryLater', 'the connection to the leader ended', { hint: 'send again' }),
      )
    }
  }
}

function errorFromWire(result: v1.ForwardResult.$Properties): KvError {
  const code = result.code && result.code in errorCodes ? (result.code as KvErrorCode) : 'InternalError'
  return new KvError(code, result.message ?? '', result.hint ? { hint: result.hint } : {})
}

/** The receiving side: a bidi handler for FORWARD_PATH. */
export function forwardHandler(gateway: Gateway): BidiHandler {
  return (_call, stream) => {
    const answers = new Answers<v1.ForwardResult.$Properties>(stream, (results) =>
      v1.ForwardReply.encode({ results }).finish(),
    )
    stream.onMessage = (bytes) => {
      for (const op of v1.ForwardRequest.decode(bytes).ops ?? []) {
        const id = op.id ?? 0
        // The sender holds to the same bound.
        if (!answers.begin()) {
          answers.answer({ id, code: 'TryLater', message: 'too many operations wait on this stream' }, 0)
          continue
        }
        gateway.executeForwarded(requestOf(op), op.hops ?? 1, (error, reply, at) => {
          const position = at ?? null
          if (error) {
            const { code, message, hint = '' } = error
            answers.answer({ id, code, message, hint, position }, message.length + hint.length)
          } else answers.answer({ id, reply: reply ?? null, position }, reply?.length ?? 0)
        })
      }
    }
  }
}

const EMPTY = new Uint8Array(0)

const requestOf = (op: v1.ForwardOp.$Properties): GatewayRequest => ({
  store: op.storeName ?? '',
  key: op.key ?? EMPTY,
  write: op.write ?? false,
  kind: op.kind ?? 0,
  consistency: op.consistency ?? 0,
  body: op.body ?? EMPTY,
  stamp: stampFromWire(op),
})

const stampToWire = ({ client, sequence, seen, isRetry }: Stamp) => ({
  client: clientIdToBytes(client),
  sequence,
  seen,
  retry: isRetry,
})

function stampFromWire({ client, sequence, seen, retry }: v1.ForwardOp.$Properties): Stamp | null {
  const id = client && clientIdFromBytes(client)
  return id && sequence ? { client: id, sequence, seen: seen ?? 0, isRetry: retry ?? false } : null
}
