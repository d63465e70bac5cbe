/**
 * The kinds of kv.store's commands and queries. A body is the protobuf request as the client sent it: a request becomes
 * a command without being encoded again, and field numbers of proto/basekv/v1/kv.proto are also the log's format.
 */
import { KvError, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'

export const KvCommand = { put: 1, delete: 2, compareAndSet: 3, batch: 4 } as const
export const KvQuery = { get: 1, scan: 2 } as const

export interface KvLimits {
  readonly valueBytesMax: number
}

/** Of keys and values only the length matters. */
export interface Sized {
  readonly length: number
}

export function checkKey(key: Sized): KvError | null {
  if (key.length === 0)
    return new KvError('BadRequest', 'the key is empty', { hint: 'give a key of at least one byte' })
  if (key.length <= limits.keyBytesMax) return null
  return new KvError('BadRequest', `the key has ${key.length} bytes, the limit is ${limits.keyBytesMax}`)
}

export function checkValue(value: Sized, { valueBytesMax }: KvLimits): KvError | null {
  if (value.length <= valueBytesMax) return null
  return new KvError('BadRequest', `the value has ${value.length} bytes, the limit is ${valueBytesMax}`, {
    hint: 'split the value, or raise limits.valueBytesMax (at most 3 MiB)',
  })
}

/** The key that decides where a request goes. A batch's is its first; an empty one has none. @returns KvError when malformed */
export function keyOfCommand(kind: number, body: Uint8Array): Uint8Array | KvError {
  if (kind !== KvCommand.batch) return firstKey(body)
  const ops = tryDecode(() => v1.BatchRequest.decode(body))
  if (ops instanceof KvError) return ops
  const first = ops.ops?.[0]
  const key = first?.put?.key ?? first?.delete?.key
  return key ?? new KvError('BadRequest', 'the batch is empty', { hint: 'give at least one put or delete' })
}

const NO_KEY = new Uint8Array(0)

/**
 * Field 1 of a request whose key is its first field, as every encoder writes it; without decoding the rest. Falls back
 * to decoding when the bytes begin otherwise.
 */
export function firstKey(body: Uint8Array): Uint8Array | KvError {
  if (body.length === 0) return NO_KEY
  if (body[0] === 0x0a && body.length > 1) {
    const length = body[1] as number
    if (length < 0x80) {
      if (2 + length <= body.length) return body.subarray(2, 2 + length)
    } else {
      const high = body[2] as number
      const long = (length & 0x7f) | (high << 7)
      if (high < 0x80 && 3 + long <= body.length) return body.subarray(3, 3 + long)
    }
  }
  const decoded = tryDecode(() => v1.GetRequest.decode(body))
  return decoded instanceof KvError ? decoded : decoded.key
}

/** Runs a decoder on bytes from outside. */
export function tryDecode<T>(decode: () => T): T | KvError {
  try {
    return decode()
  } catch (thrown) {
    return new KvError('BadRequest', `the request does not decode: ${(thrown as Error).message}`)
  }
}
