/**
 * Numbers, texts and byte strings of a packet that anybody may have sent: big-endian, every length checked before anything
 * is allocated. Bytes on disk have their own codec, with checksums (base-kv/storage).
 */
import { assert } from './assert.ts'

/** Thrown by WireReader alone; `readWire` turns it into undefined. */
class MalformedWire extends Error {}

/** @returns what `read` made of the bytes, or undefined when they end too early, are too long or break a limit. */
export function readWire<T>(bytes: Uint8Array, read: (reader: WireReader) => T): T | undefined {
  const reader = new WireReader(bytes)
  try {
    const value = read(reader)
    return reader.left === 0 ? value : undefined
  } catch (thrown) {
    if (thrown instanceof MalformedWire) return undefined
    throw thrown
  }
}

export class WireReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8))
  }

  /** A view of the packet, not a copy. */
  raw(length: number): Uint8Array {
    const from = this.#advance(length)
    return this.#bytes.subarray(from, from + length)
  }

  /** Up to 255 printable ASCII characters. */
  text(): string {
    const length = this.u8()
    const from = this.#advance(length)
    let text = ''
    for (let i = from; i < from + length; i++) {
      const code = this.#bytes[i] as number
      this.refuseUnless(code >= 0x20 && code < 0x7f)
      text += String.fromCharCode(code)
    }
    return text
  }

  /** A length of 32 bits, then that many bytes, at most `lengthMax`. */
  bytes(lengthMax: number): Uint8Array {
    const length = this.u32()
    this.refuseUnless(length <= lengthMax)
    return this.raw(length)
  }

  /** For what only the reader of a format can check. */
  refuseUnless(fine: boolean): void {
    if (!fine) throw new MalformedWire('malformed')
  }

  #advance(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) throw new MalformedWire('too short')
    this.#at = from + length
    return from
  }
}

export class WireWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value)
    return this
  }

  u32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
    return this
  }

  u64(value: bigint): this {
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value)
    return this
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  text(text: string): this {
    assert(text.length <= 0xff, () => `too long for a packet: ${text}`)
    this.u8(text.length)
    const from = this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      assert(code >= 0x20 && code < 0x7f, () => `not printable ASCII: ${text}`)
      this.#bytes[from + i] = code
    }
    return this
  }

  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  /** Overwrites one byte written before: a count that is known only at the end. */
  setU8(at: number, value: number): void {
    assert(at < this.#length && value <= 0xff, 'a count stands inside what was written')
    this.#bytes[at] = value
  }

  /** What was written so far, as a copy. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(more: number): number {
    const at = this.#length
    this.#length += more
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

/** Bytes that `text()` takes for it. */
export const wireTextBytes = (text: string): number => 1 + text.length
