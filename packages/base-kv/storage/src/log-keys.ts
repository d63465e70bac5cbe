/**
 * Keys of database `log`. One letter says what it is.
 *
 *   m            meta: format version, next log id, running number
 *   r <range>    replica: id, term, vote, log id, snapshot point, damage
 *   t <range>    tombstone: highest replica id destroyed here
 *   i <range>    installing: a snapshot or a new replica on its way between both databases
 *   h <range>    half: the right half of a split whose data may not be on disk yet
 *   e <log id> <index>   entry
 *
 * Entries stand under a log id (8 bytes, never reused), not under the range: a log that starts anew (a snapshot
 * installed, a range that came back) gets a new id, so remains of the old one can never be taken for its entries.
 */
import { rangeIdToBytes, type RangeId } from '@base-kv/base'
import { readU64, writeU64 } from './byte-codec.ts'

const letter = (text: string): number => text.charCodeAt(0)
const ENTRY = letter('e')

const meta = (name: string): Uint8Array => Buffer.from(`m${name}`)
const ofRange = (kind: string, range: RangeId): Uint8Array => Buffer.concat([Buffer.from(kind), rangeIdToBytes(range)])

export const logKeys = {
  format: meta('format'),
  nextLogId: meta('next'),
  number: meta('number'),
  replica: (range: RangeId): Uint8Array => ofRange('r', range),
  tombstone: (range: RangeId): Uint8Array => ofRange('t', range),
  installing: (range: RangeId): Uint8Array => ofRange('i', range),
  half: (range: RangeId): Uint8Array => ofRange('h', range),
  replicas: { start: Buffer.from('r'), end: Buffer.from('s') },
  tombstones: { start: Buffer.from('t'), end: Buffer.from('u') },
  installations: { start: Buffer.from('i'), end: Buffer.from('j') },
  halves: { start: Buffer.from('h'), end: Buffer.from('i') },
  entries: { start: Buffer.from('e'), end: Buffer.from('f') },
  /** Everything that is not an entry stands behind the entries. */
  records: { start: Buffer.from('h'), end: Buffer.from('u') },
} as const

export function entryKey(logId: number, index: number): Buffer {
  const key = Buffer.allocUnsafe(17)
  key[0] = ENTRY
  writeU64(key, logId, 1)
  writeU64(key, index, 9)
  return key
}

export function readEntryKey(key: Buffer): { readonly logId: number; readonly index: number } {
  return { logId: readU64(key, 1), index: readU64(key, 9) }
}
