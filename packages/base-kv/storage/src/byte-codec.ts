/**
 * Small records on disk: a version byte, a CRC-32 over key, version and body, then the body. Hot records (log entries,
 * values) have their own layouts in log-records.ts and value-codec.ts.
 */
import { crc32 } from 'node:zlib'
import { assert, KvError } from '@base-kv/base'

const HEADER = 5

/** @returns version, checksum and body as one value for `key`. */
export function sealRecord(version: number, key: Uint8Array, body: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(HEADER + body.length)
  record[0] = version
  record.set(body, HEADER)
  record.writeUInt32LE(checksum(version, key, body), 1)
  return record
}

/** @throws KvError Corrupt for a wrong checksum, BadConfig for a version newer than `newest`. */
export function openRecord(what: string, newest: number, key: Uint8Array, record: Uint8Array): ByteReader {
  if (record.length < HEADER) throw new KvError('Corrupt', `${what} is too short`)
  const version = record[0] as number
  const body = record.subarray(HEADER)
  const stored = new DataView(record.buffer, record.byteOffset).getUint32(1, true)
  if (stored !== checksum(version, key, body)) throw new KvError('Corrupt', `${what} fails its checksum`)
  if (version > newest) throw newerFormat(what, version, newest)
  return new ByteReader(what, body)
}

export function newerFormat(what: string, version: number, newest: number): KvError {
  return new KvError('BadConfig', `${what} has format version ${version}, this build knows up to ${newest}`, {
    hint: 'start the newer base-kv that wrote this data folder',
  })
}

function checksum(version: number, key: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(Uint8Array.of(version), crc32(key)))
}

/** Appends numbers and byte strings, big-endian, growing as needed. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(256)
  #length = 0

  u8(value: number): this {
    this.#reserve(1)
    this.#length = this.#buffer.writeUInt8(value, this.#length)
    return this
  }

  u32(value: number): this {
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32BE(value, this.#length)
    return this
  }

  /** A safe integer, 8 bytes. */
  u64(value: number): this {
    this.#reserve(8)
    writeU64(this.#buffer, value, this.#length)
    this.#length += 8
    return this
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Length, then bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  /** A flag, then the bytes unless null. */
  bytesOrNull(bytes: Uint8Array | null): this {
    return bytes === null ? this.u8(0) : this.u8(1).bytes(bytes)
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text))
  }

  /** What was written so far, as a copy. */
  take(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}

/** Reads what ByteWriter wrote. @throws KvError Corrupt when the bytes end too early */
export class ByteReader {
  readonly #what: string
  readonly #buffer: Buffer
  #at = 0

  constructor(what: string, bytes: Uint8Array) {
    this.#what = what
    this.#buffer = asBuffer(bytes)
  }

  u8(): number {
    return this.#buffer[this.#advance(1)] as number
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4))
  }

  u64(): number {
    return readU64(this.#buffer, this.#advance(8))
  }

  raw(length: number): Uint8Array {
    const from = this.#advance(length)
    return Uint8Array.prototype.slice.call(this.#buffer, from, from + length)
  }

  bytes(): Uint8Array {
    return this.raw(this.u32())
  }

  bytesOrNull(): Uint8Array | null {
    return this.u8() === 0 ? null : this.bytes()
  }

  text(): string {
    return Buffer.from(this.bytes()).toString()
  }

  #advance(length: number): number {
    const from = this.#at
    if (from + length > this.#buffer.length) throw new KvError('Corrupt', `${this.#what} ends too early`)
    this.#at = from + length
    return from
  }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Big-endian, so that keys sort by number. */
export function writeU64(buffer: Buffer, value: number, offset: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a 64-bit field holds a safe integer')
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  buffer.writeUInt32BE(value >>> 0, offset + 4)
}

export function readU64(buffer: Buffer, offset: number): number {
  return buffer.readUInt32BE(offset) * 2 ** 32 + buffer.readUInt32BE(offset + 4)
}
