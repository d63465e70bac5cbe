/**
 * Keys of database `data`. One letter says what it is.
 *
 *   m            meta: format version, next slot, running number
 *   r <range>    range record: applied position, state, boundary, segments
 *   a <range>    absorbed: by a merge or a snapshot; its log is still to be taken out
 *   s <slot> <key>   one pair; the slot (8 bytes, never reused) belongs to user or local keys of one or more ranges
 */
import { rangeIdToBytes, type RangeId } from '@base-kv/base'
import { writeU64 } from './byte-codec.ts'

/** The letter and the slot in front of a key. */
export const SLOT_PREFIX_BYTES = 9

const SLOT = 's'.charCodeAt(0)

export const dataKeys = {
  format: Buffer.from('mformat'),
  nextSlot: Buffer.from('mnext'),
  number: Buffer.from('mnumber'),
  range: (range: RangeId): Uint8Array => Buffer.concat([Buffer.from('r'), rangeIdToBytes(range)]),
  absorbed: (range: RangeId): Uint8Array => Buffer.concat([Buffer.from('a'), rangeIdToBytes(range)]),
  allAbsorbed: { start: Buffer.from('a'), end: Buffer.from('b') },
  ranges: { start: Buffer.from('r'), end: Buffer.from('s') },
  slots: { start: Buffer.from('s'), end: Buffer.from('t') },
} as const

export function slotKey(slot: number, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(SLOT_PREFIX_BYTES + key.length)
  writeSlotPrefix(bytes, slot, 0)
  bytes.set(key, SLOT_PREFIX_BYTES)
  return bytes
}

export function writeSlotPrefix(bytes: Buffer, slot: number, offset: number): void {
  bytes[offset] = SLOT
  writeU64(bytes, slot, offset + 1)
}

/** The key range that `start` to `end` (null: open) is in a slot. */
export function slotRange(slot: number, start: Uint8Array | null, end: Uint8Array | null) {
  return {
    start: slotKey(slot, start ?? new Uint8Array(0)),
    end: end === null ? slotKey(slot + 1, new Uint8Array(0)) : slotKey(slot, end),
  }
}
