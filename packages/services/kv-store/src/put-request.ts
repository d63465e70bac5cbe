/**
 * PutRequest without a decoder, for the hottest path: every put is looked at twice on a leader and once on a follower.
 * Nearly all encoders write its two fields once each, in order, and nothing else; any other bytes are decoded.
 */
import { v1 } from '@base-kv/protocol'
import type { Sized } from './kv-commands.ts'

export interface PutParts {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const KEY_TAG = 0x0a
const VALUE_TAG = 0x12
/** Three bytes of seven bits: more than any value has. */
const VARINT_BYTES_MAX = 3

// Where key and value lie in the body that was looked at last.
const at = { key: 0, keyEnd: 0, value: 0 }

/** @throws when the bytes are no PutRequest */
export function readPut(body: Uint8Array): PutParts {
  if (!find(body)) return v1.PutRequest.decode(body)
  return { key: body.subarray(at.key, at.keyEnd), value: body.subarray(at.value) }
}

/** As `readPut`, when only the sizes matter. @throws likewise */
export function putSizes(body: Uint8Array): { readonly key: Sized; readonly value: Sized } {
  if (!find(body)) return v1.PutRequest.decode(body)
  return { key: { length: at.keyEnd - at.key }, value: { length: body.length - at.value } }
}

function find(body: Uint8Array): boolean {
  if (body[0] !== KEY_TAG) return false
  at.key = behindLength(body, 1)
  at.keyEnd = at.key + length
  if (at.key === 0 || body[at.keyEnd] !== VALUE_TAG) return false
  at.value = behindLength(body, at.keyEnd + 1)
  return at.value !== 0 && at.value + length === body.length
}

// What `behindLength` read.
let length = 0

/** Reads a length. @returns where it ends, 0 when it is cut off or long */
function behindLength(body: Uint8Array, from: number): number {
  length = 0
  for (let i = 0; i < VARINT_BYTES_MAX; i++) {
    const byte = body[from + i]
    if (byte === undefined) return 0
    length |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) return from + i + 1
  }
  return 0
}
