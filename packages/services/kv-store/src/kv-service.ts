/** The gRPC service basekv.v1.KV: any node takes any request; the gateway finds the leader. */
import { KvError, limits, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { BidiStream, CallContext, ReplyStream, ServiceTable, UnaryHandler } from '@base-kv/rpc'
import { type ClientId, clientIdFromHex, type Stamp } from '@base-kv/range'
import { Answers, type Gateway, type GatewayRequest } from '@base-kv/server'
import { firstKey, keyOfCommand, KvCommand, KvQuery, tryDecode } from './kv-commands.ts'
import { keyAfter } from './kv-coprocessor.ts'

export function kvService(gateway: Gateway): ServiceTable {
  const write =
    (kind: number): UnaryHandler =>
    (body, call, reply) => {
      const key = keyOfCommand(kind, body)
      if (key instanceof KvError) reply(key)
      else gateway.execute({ store: call.storeName(), key, write: true, kind, consistency: 0, body }, reply)
    }
  return {
    unary: {
      '/basekv.v1.KV/Put': write(KvCommand.put),
      '/basekv.v1.KV/Delete': write(KvCommand.delete),
      '/basekv.v1.KV/CompareAndSet': write(KvCommand.compareAndSet),
      '/basekv.v1.KV/Batch': write(KvCommand.batch),
      '/basekv.v1.KV/Get': (body, call, reply) => {
        const request = getRequest(call.storeName(), body)
        if (request instanceof KvError) reply(request)
        else gateway.execute(request, reply)
      },
    },
    serverStream: { '/basekv.v1.KV/Scan': (body, call, stream) => scan(gateway, body, call, stream) },
    bidi: { '/basekv.v1.KV/Pipeline': (call, stream) => pipeline(gateway, call, stream) },
  }
}

function getRequest(store: string, body: Uint8Array): GatewayRequest | KvError {
  const key = firstKey(body)
  if (key instanceof KvError) return key
  // Nothing behind the key: the common request, linearizable.
  const plain = body.length <= key.length + 3
  const decoded = plain ? null : tryDecode(() => v1.GetRequest.decode(body))
  if (decoded instanceof KvError) return decoded
  return { store, key, write: false, kind: KvQuery.get, consistency: decoded?.consistency ?? 0, body }
}

async function scan(gateway: Gateway, body: Buffer, call: CallContext, stream: ReplyStream): Promise<void> {
  const request = tryDecode(() => v1.ScanRequest.decode(body))
  if (request instanceof KvError) {
    stream.fail(request)
    return
  }
  let start = request.start ?? null
  let left = request.limit || Number.POSITIVE_INFINITY
  while (left > 0 && !call.cancelled) {
    const limit = Math.min(left, limits.scanPageKeysMax)
    const pageBytes = await page(gateway, call.storeName(), request, start, limit)
    const { items, next } = v1.ScanPage.decode(pageBytes)
    const last = items.at(-1)?.key
    if (!last) {
      if (!next) break
      start = next
      continue
    }
    left -= items.length
    start = keyAfter(last)
    if (!stream.write(pageBytes)) await stream.drained()
  }
  stream.end()
}

function page(
  gateway: Gateway,
  store: string,
  request: v1.ScanRequest,
  start: Uint8Array | null,
  limit: number,
): Promise<Uint8Array> {
  const { end = null, keysOnly, consistency } = request
  const body = v1.ScanRequest.encode({ ...(start ? { start } : {}), ...(end ? { end } : {}), limit, keysOnly }).finish()
  const key = start ?? new Uint8Array(0)
  return new Promise((resolve, reject) => {
    gateway.execute({ store, key, write: false, kind: KvQuery.scan, consistency, body }, (error, reply) => {
      if (reply) resolve(reply)
      else reject(error ?? new KvError('InternalError', 'a page has neither reply nor error'))
    })
  })
}

function pipeline(gateway: Gateway, call: CallContext, stream: BidiStream): void {
  const store = call.storeName()
  const hex = call.get('client_id')
  const client = hex === undefined ? null : clientIdFromHex(hex)
  if (hex !== undefined && client === null) {
    stream.fail(new KvError('BadRequest', 'the client id is not 16 bytes in hexadecimal'))
    return
  }
  const answers = new Answers<v1.PipelineResult.$Properties>(stream, (results) =>
    v1.PipelineReply.encode({ results }).finish(),
  )
  const fail = (id: number, error: KvError, position: number | null = null) => {
    const { message, hint = '' } = error
    answers.answer({ id, code: replyCode(error), message, hint, position }, message.length + hint.length)
  }
  stream.onMessage = (bytes) => {
    const request = tryDecode(() => v1.RawPipelineRequest.decode(bytes))
    if (request instanceof KvError) {
      stream.fail(request)
      return
    }
    for (const op of request.ops ?? []) {
      const id = op.id ?? 0
      if (!answers.begin()) {
        fail(id, tooMany())
        continue
      }
      const stamp = stampOf(client, op)
      const resolved = stamp instanceof KvError ? stamp : gatewayRequest(store, op, stamp)
      if (resolved instanceof KvError) {
        fail(id, resolved)
        continue
      }
      gateway.execute(resolved, (error, reply, position) => {
        if (error) fail(id, error, position)
        else answers.answer({ id, reply: reply ?? null, position: position ?? null }, reply?.length ?? 0)
      })
    }
  }
}

const tooMany = () =>
  new KvError('TryLater', `${limits.pipelineInFlightMax} operations wait on this stream already`, {
    hint: 'wait for some of their answers',
  })

/** Of writes without a client id or a sequence there is none: they are applied at most once. */
function stampOf(
  client: ClientId | null,
  { sequence, seen, retry }: v1.RawPipelineOp.$Properties,
): Stamp | KvError | null {
  if (client === null || !sequence) return null
  if (!Number.isSafeInteger(sequence)) return new KvError('BadRequest', 'the sequence is over 2^53')
  return { client, sequence, seen: seen ?? 0, isRetry: retry ?? false }
}

function gatewayRequest(
  store: string,
  op: v1.RawPipelineOp.$Properties,
  stamp: Stamp | null,
): GatewayRequest | KvError {
  if (op.put) return writeRequest(store, KvCommand.put, op.put, stamp)
  if (op.get) return getRequest(store, op.get)
  if (op.delete) return writeRequest(store, KvCommand.delete, op.delete, stamp)
  if (op.compareAndSet) return writeRequest(store, KvCommand.compareAndSet, op.compareAndSet, stamp)
  if (op.batch) return writeRequest(store, KvCommand.batch, op.batch, stamp)
  if (op.scan) {
    const body = op.scan
    const request = tryDecode(() => v1.ScanRequest.decode(body))
    if (request instanceof KvError) return request
    const key = request.start ?? new Uint8Array(0)
    return { store, key, write: false, kind: KvQuery.scan, consistency: request.consistency, body }
  }
  return new KvError('BadRequest', 'an operation of the pipeline is empty')
}

function writeRequest(store: string, kind: number, body: Uint8Array, stamp: Stamp | null): GatewayRequest | KvError {
  const key = keyOfCommand(kind, body)
  return key instanceof KvError ? key : { store, key, write: true, kind, consistency: 0, body, stamp }
}

/** The closed list of codes on a pipeline: what certainly was not applied is told apart from what is unknown. */
function replyCode(thrown: KvError): v1.ReplyCode {
  const error = toKvError(thrown)
  switch (error.code) {
    case 'BadVersion':
      return v1.ReplyCode.BAD_VERSION
    case 'TryLater':
    case 'Unreachable':
      return v1.ReplyCode.TRY_LATER
    case 'BadRequest':
      return v1.ReplyCode.BAD_REQUEST
    case 'NoSpace':
      return v1.ReplyCode.NO_SPACE
    case 'Corrupt':
      return v1.ReplyCode.CORRUPT
    default:
      return error.applied === 'unknown' ? v1.ReplyCode.OUTCOME_UNKNOWN : v1.ReplyCode.INTERNAL_ERROR
  }
}
