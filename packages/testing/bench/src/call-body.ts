/**
 * What h2load sends: one gRPC frame in a file. It sends the same file each time, but reads it anew for each call; so the
 * file is rewritten in place while the load runs, and the keys change with it.
 *
 * Both systems' puts have the key as field 1 and the value as field 2, their reads the key as field 1; only the wrapping
 * of many puts in one call differs. Encoded by hand: a handful of bytes.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Side } from './options.ts'
import { BATCH_PUTS, type CallKind } from './suites.ts'

export const KEY_BYTES = 16
export const VALUE_BYTES = 256
/** Different bodies of one run; then they repeat. */
const BODIES = 1_024
/** How often the file changes: often enough for hundreds of keys a second, seldom enough not to be felt. */
const CHANGE_MS = 2

/** Field number and wire type 2, the length, the bytes. */
function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  const length: number[] = []
  let rest = bytes.length
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
  length.push(rest)
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), bytes])
}

function grpcFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function putMessage(key: Uint8Array, value: Uint8Array): Buffer {
  return Buffer.concat([lengthDelimited(1, key), lengthDelimited(2, value)])
}

/** One call's body. Ours: Batch.ops(1).put(1); etcd: Txn.success(2).request_put(2). */
export function callBody(side: Side, kind: CallKind, keys: readonly Uint8Array[], value: Uint8Array): Buffer {
  const [first] = keys
  if (!first) throw new TypeError('a call has a key')
  if (kind === 'get') return grpcFrame(lengthDelimited(1, first))
  if (kind === 'put') return grpcFrame(putMessage(first, value))
  const [outer, inner] = side === 'ours' ? [1, 1] : [2, 2]
  return grpcFrame(
    Buffer.concat(keys.map((key) => lengthDelimited(outer, lengthDelimited(inner, putMessage(key, value))))),
  )
}

/** 16 bytes: the run's mark, and a number mixed so that neighbours are far apart. */
export function keyAt(mark: string, number: number): Buffer {
  const mixed = Math.imul(number + 1, 0x9e37_79b1) >>> 0
  return Buffer.from(`${mixed.toString(16).padStart(8, '0')}${mark.slice(0, 8).padEnd(8, '.')}`)
}

export interface ChangingBody {
  readonly path: string
  /** Every key that was in the file so far, most likely sent. */
  keysSoFar(): readonly Buffer[]
  stop(): void
}

/** Writes the file and rewrites it until stopped. All bodies have the same length, so a torn read is a valid body too. */
export function changingBody(
  path: string,
  side: Side,
  kind: CallKind,
  { mark, value }: { readonly mark: string; readonly value: Uint8Array },
): ChangingBody {
  const keysOf = (body: number): Buffer[] =>
    kind === 'batch'
      ? Array.from({ length: BATCH_PUTS }, (_, put) => keyAt(mark, body * BATCH_PUTS + put))
      : [keyAt(mark, body)]
  const bodies = Array.from({ length: BODIES }, (_, body) => callBody(side, kind, keysOf(body), value))
  const file = openSync(path, 'w')
  let written = 0
  const next = () => {
    const bytes = bodies[written % BODIES] as Buffer
    writeSync(file, bytes, 0, bytes.length, 0)
    written++
  }
  next()
  const timer = setInterval(next, CHANGE_MS)
  let stopped = false
  return {
    path,
    keysSoFar: () => Array.from({ length: Math.min(written, BODIES) }, (_, body) => keysOf(body)).flat(),
    stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      closeSync(file)
    },
  }
}

/** How many keys a mark has at most: what a read-only run needs to be there before it begins. */
export function allKeys(mark: string): readonly Buffer[] {
  return Array.from({ length: BODIES }, (_, number) => keyAt(mark, number))
}
