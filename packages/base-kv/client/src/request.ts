/**
 * Requests as they go on the wire, made and checked at the call: what is wrong never leaves, and a buffer that the caller
 * fills again later, while a retry is still under way, does no harm.
 */
import { KvError, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { Bytes, Consistency } from './options.ts'

export type RequestKind = 'put' | 'get' | 'delete' | 'compareAndSet' | 'batch'

export interface Request {
  readonly kind: RequestKind
  /** What decides the range; a batch's first key. */
  readonly key: Uint8Array
  /** The encoded request message. */
  readonly body: Uint8Array
  readonly isWrite: boolean
  readonly isStale: boolean
}

export type BatchOp = { readonly put: { key: Bytes; value: Bytes } } | { readonly delete: { key: Bytes } }

export interface CompareAndSetResult {
  readonly succeeded: boolean
  /** What the key held when it did not match; absent when it was absent. */
  readonly current?: Uint8Array
}

const wireConsistency: Readonly<Record<Consistency, v1.Consistency>> = {
  linearizable: v1.Consistency.LINEARIZABLE,
  lease: v1.Consistency.LEASE,
  stale: v1.Consistency.STALE,
}

export function toWireConsistency(consistency: Consistency = 'linearizable'): v1.Consistency {
  const wire = wireConsistency[consistency]
  if (wire !== undefined) return wire
  throw badRequest(`consistency "${String(consistency)}" is unknown`, 'use linearizable, lease or stale')
}

export const toBytes = (bytes: Bytes): Uint8Array => (typeof bytes === 'string' ? Buffer.from(bytes) : bytes)

/** The largest value that a request may carry. */
export interface ValueLimit {
  readonly valueBytesMax: number
}

export function putRequest(key: Bytes, value: Bytes, limit: ValueLimit): Request {
  const put = { key: checkedKey(key), value: checkedValue(value, limit) }
  return write('put', put.key, v1.PutRequest.encode(put).finish())
}

export function deleteRequest(key: Bytes): Request {
  const bytes = checkedKey(key)
  return write('delete', bytes, v1.DeleteRequest.encode({ key: bytes }).finish())
}

export function getRequest(key: Bytes, consistency: Consistency = 'linearizable'): Request {
  const get = { key: checkedKey(key), consistency: toWireConsistency(consistency) }
  const body = v1.GetRequest.encode(get).finish()
  return {
    kind: 'get',
    key: ownKey(get.key),
    body,
    isWrite: false,
    isStale: consistency === 'stale',
  }
}

export function compareAndSetRequest(
  key: Bytes,
  change: { readonly expect: Bytes | null; readonly value: Bytes },
  limit: ValueLimit,
): Request {
  const bytes = checkedKey(key)
  const value = checkedValue(change.value, limit)
  const expect = change.expect === null ? {} : { expect: checkedValue(change.expect, limit) }
  return write('compareAndSet', bytes, v1.CompareAndSetRequest.encode({ key: bytes, ...expect, value }).finish())
}

/** `ops` is not empty. */
export function batchRequest(ops: readonly BatchOp[], limit: ValueLimit): Request {
  if (ops.length > limits.batchOpsMax) {
    throw badRequest(
      `a batch of ${ops.length} operations is over the limit of ${limits.batchOpsMax}`,
      'split the batch',
    )
  }
  const wireOps = ops.map((op) =>
    'put' in op
      ? { put: { key: checkedKey(op.put.key), value: checkedValue(op.put.value, limit) } }
      : { delete: { key: checkedKey(op.delete.key) } },
  )
  const body = v1.BatchRequest.encode({ ops: wireOps }).finish()
  // What frame and operation put around it is below 64 bytes.
  if (body.length > limits.requestBytesMax - 64) {
    throw badRequest(
      `a batch of ${body.length} bytes is over the limit of ${limits.requestBytesMax} bytes a request`,
      'split the batch',
    )
  }
  const [first] = wireOps
  const key = first?.put?.key ?? first?.delete?.key ?? new Uint8Array()
  return write('batch', key, body)
}

function write(kind: RequestKind, key: Uint8Array, body: Uint8Array): Request {
  return { kind, key: ownKey(key), body, isWrite: true, isStale: false }
}

/** The key outlives the call for routing: a copy, like the body. */
const ownKey = (key: Uint8Array): Uint8Array => Uint8Array.prototype.slice.call(key)

function checkedKey(key: Bytes): Uint8Array {
  const bytes = toBytes(key)
  if (bytes.length === 0) throw badRequest('the key is empty', 'give a key of at least one byte')
  if (bytes.length <= limits.keyBytesMax) return bytes
  throw badRequest(`a key of ${bytes.length} bytes is over the limit of ${limits.keyBytesMax}`, 'use a shorter key')
}

function checkedValue(value: Bytes, { valueBytesMax }: ValueLimit): Uint8Array {
  const bytes = toBytes(value)
  if (bytes.length <= valueBytesMax) return bytes
  throw badRequest(
    `a value of ${bytes.length} bytes is over the limit of ${valueBytesMax}`,
    'store it in parts under several keys',
  )
}

function badRequest(message: string, hint: string): KvError {
  return new KvError('BadRequest', message, { hint })
}

/** Decoded bytes are views on a whole frame: a value that is kept must not keep the frame. */
export const ownBytes = (view: Uint8Array): Uint8Array => new Uint8Array(view)

export function decodeGet(reply: Uint8Array): Uint8Array | undefined {
  const { value } = v1.GetReply.decode(reply)
  return value === undefined || value === null ? undefined : ownBytes(value)
}

export function decodeCompareAndSet(reply: Uint8Array): CompareAndSetResult {
  const { succeeded, current } = v1.CompareAndSetReply.decode(reply)
  if (succeeded) return { succeeded: true }
  return current === undefined || current === null
    ? { succeeded: false }
    : { succeeded: false, current: ownBytes(current) }
}
