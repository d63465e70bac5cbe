/**
 * Branded identifiers. Two of them are never mixed up by accident, and each has one textual and, where it travels, one
 * binary form.
 */
import { assert } from './assert.ts'

declare const brand: unique symbol
type Branded<T, Name> = T & { readonly [brand]: Name }

/** One store's identity, a UUID in lower case, kept in its data folder for its whole life. */
export type StoreId = Branded<string, 'StoreId'>
/** One run of one process: new at every start. */
export type HostId = Branded<string, 'HostId'>
/** `<epoch>_<id>`, both unsigned 64-bit decimals. Never reused. */
export type RangeId = Branded<string, 'RangeId'>
/** One replica of a range on one store: the log index of the configuration entry that added it. Grows, never reused. */
export type ReplicaId = Branded<number, 'ReplicaId'>
/** Raft term; 0 before the first election. */
export type Term = Branded<number, 'Term'>
/** Position in a Raft log; the first entry has index 1. */
export type LogIndex = Branded<number, 'LogIndex'>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const RANGE = /^(\d{1,20})_(\d{1,20})$/
const U64_MAX = 0xffff_ffff_ffff_ffffn

export function storeId(text: string): StoreId {
  assert(UUID.test(text), () => `not a store id: ${text}`)
  return text as StoreId
}

/** @returns undefined when `text` is no store id. */
export const parseStoreId = (text: string): StoreId | undefined => (UUID.test(text) ? (text as StoreId) : undefined)

export function hostId(text: string): HostId {
  assert(text.length > 0 && text.length <= 64, () => `not a host id: ${text}`)
  return text as HostId
}

export function rangeId(epoch: bigint, id: bigint): RangeId {
  assert(epoch >= 0n && epoch <= U64_MAX && id >= 0n && id <= U64_MAX, 'range id parts are unsigned 64-bit')
  return `${epoch}_${id}` as RangeId
}

/** @returns the two halves, or undefined when `text` is no range id. */
export function parseRangeId(text: string): { epoch: bigint; id: bigint } | undefined {
  const match = RANGE.exec(text)
  if (!match) return undefined
  const epoch = BigInt(match[1] as string)
  const id = BigInt(match[2] as string)
  return epoch <= U64_MAX && id <= U64_MAX ? { epoch, id } : undefined
}

/** 16 bytes: epoch and id, big-endian, so that keys sort by epoch, then id. */
export function rangeIdToBytes(range: RangeId): Uint8Array {
  const parts = parseRangeId(range)
  assert(parts, () => `not a range id: ${range}`)
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, parts.epoch)
  view.setBigUint64(8, parts.id)
  return bytes
}

export function rangeIdFromBytes(bytes: Uint8Array, offset = 0): RangeId {
  assert(bytes.length >= offset + 16, 'a range id has 16 bytes')
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 16)
  return rangeId(view.getBigUint64(0), view.getBigUint64(8))
}

const [DASH, ZERO, NINE, LETTER_A] = [0x2d, 0x30, 0x39, 0x61]
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** 16 bytes of a UUID. */
export function storeIdToBytes(store: StoreId): Uint8Array {
  const bytes = new Uint8Array(16)
  let digits = 0
  for (let i = 0; i < store.length; i++) {
    const code = store.charCodeAt(i)
    if (code === DASH) continue
    // Digits stand before letters, both in lower case: a store id is well formed.
    const digit = code <= NINE ? code - ZERO : code - LETTER_A + 10
    bytes[digits >> 1] = ((bytes[digits >> 1] as number) << 4) | digit
    digits++
  }
  return bytes
}

export function storeIdFromBytes(bytes: Uint8Array): StoreId {
  assert(bytes.length === 16, 'a store id has 16 bytes')
  const hex = Array.from(bytes, (byte) => HEX[byte] as string)
  const text = [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
    .map((part) => part.join(''))
    .join('-')
  return storeId(text)
}

export const replicaId = (value: number): ReplicaId => counting(value, 'replica id') as ReplicaId
export const term = (value: number): Term => counting(value, 'term') as Term
export const logIndex = (value: number): LogIndex => counting(value, 'log index') as LogIndex

function counting(value: number, what: string): number {
  assert(Number.isSafeInteger(value) && value >= 0, () => `not a ${what}: ${value}`)
  return value
}
