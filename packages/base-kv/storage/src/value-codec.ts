/**
 * A pair on disk: the value, a version byte, a CRC-32 over slot, key, value and version. LevelDB does not check what it
 * reads, so wrong bytes show here and nowhere else.
 *
 * Sealing is the flush's hot loop: key and value are laid out beside each other in one scratch buffer (the key ends where
 * the value begins), and the views on it are kept by length, so that a pair costs no allocation.
 */
import { crc32 } from 'node:zlib'
import { KvError, limits } from '@base-kv/base'
import { asBuffer, newerFormat } from './byte-codec.ts'
import { SLOT_PREFIX_BYTES, writeSlotPrefix } from './data-keys.ts'

const VERSION = 1
const TRAILER = 5
const KEY_ROOM = SLOT_PREFIX_BYTES + limits.keyBytesMax + 1024
const CACHED_VIEWS = 2048
const CACHED_KEY_LENGTH = 64

export class PairSealer {
  #scratch = Buffer.allocUnsafe(KEY_ROOM + 64 * 1024)
  #keyViews: Buffer[] = []
  #valueViews: Buffer[] = []
  /** Key, value and version in one, by key length and value length. */
  #pairViews: Buffer[][] = []
  /** The sealed pair; valid until the next call. */
  key: Uint8Array = this.#scratch
  value: Uint8Array = this.#scratch

  /** `key` holds one character a byte. */
  seal(slot: number, key: string, value: Uint8Array): void {
    const stored = value.length + TRAILER
    if (KEY_ROOM + stored > this.#scratch.length) this.#grow(stored)
    this.keyOnly(slot, key)
    const scratch = this.#scratch
    scratch.set(value, KEY_ROOM)
    scratch[KEY_ROOM + value.length] = VERSION
    const checked = KEY_ROOM + value.length + 1
    scratch.writeUInt32LE(crc32(this.#pairView(this.key.length, value.length + 1)), checked)
    this.value = this.#valueViews[stored] ?? this.#cache(this.#valueViews, stored, KEY_ROOM)
  }

  /** Sets `key` alone, for a delete. */
  keyOnly(slot: number, key: string): void {
    const length = SLOT_PREFIX_BYTES + key.length
    const from = KEY_ROOM - length
    writeSlotPrefix(this.#scratch, slot, from)
    this.#scratch.write(key, from + SLOT_PREFIX_BYTES, 'latin1')
    this.key = this.#keyViews[length] ?? this.#cache(this.#keyViews, length, from)
  }

  #pairView(keyLength: number, checkedLength: number): Buffer {
    const known = this.#pairViews[keyLength]?.[checkedLength]
    if (known !== undefined) return known
    const view = this.#scratch.subarray(KEY_ROOM - keyLength, KEY_ROOM + checkedLength)
    // Few lengths of keys and values make many pairs: only short keys are worth it.
    if (keyLength <= CACHED_KEY_LENGTH && checkedLength <= CACHED_VIEWS)
      (this.#pairViews[keyLength] ??= [])[checkedLength] = view
    return view
  }

  #cache(views: Buffer[], length: number, from: number): Buffer {
    const view = this.#scratch.subarray(from, from + length)
    if (length <= CACHED_VIEWS) views[length] = view
    return view
  }

  #grow(stored: number): void {
    this.#scratch = Buffer.allocUnsafe(KEY_ROOM + 2 * stored)
    this.#keyViews = []
    this.#valueViews = []
    this.#pairViews = []
  }
}

/** The value of a stored pair. @throws KvError Corrupt */
export function openValue(slotKey: Uint8Array, stored: Uint8Array): Uint8Array {
  const length = stored.length - TRAILER
  if (length < 0) throw wrongBytes(slotKey, 'are too short')
  const checked = stored.subarray(0, length + 1)
  if (asBuffer(stored).readUInt32LE(length + 1) !== crc32(checked, crc32(slotKey))) {
    throw wrongBytes(slotKey, 'fail their checksum')
  }
  const version = stored[length] as number
  if (version > VERSION) throw newerFormat('a stored pair', version, VERSION)
  return stored.subarray(0, length)
}

function wrongBytes(slotKey: Uint8Array, how: string): KvError {
  const key = asBuffer(slotKey).subarray(SLOT_PREFIX_BYTES)
  return new KvError('Corrupt', `the stored bytes of key hex:${key.subarray(0, 64).toString('hex')} ${how}`, {
    hint: 'this replica is damaged; another one of the range has the right value',
  })
}
