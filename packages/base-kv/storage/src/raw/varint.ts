/** Reads LevelDB's varints and length-prefixed strings. Never throws: running over the end sets `overrun`. */
export class VarintReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  overrun = false

  constructor(bytes: Uint8Array, from = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  get position(): number {
    return this.#at
  }

  number(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      if (this.#at >= this.#end) break
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    this.overrun = true
    this.#at = this.#end
    return 0
  }

  bytes(): Uint8Array {
    return this.raw(this.number())
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.#end) {
      this.overrun = true
      this.#at = this.#end
      return new Uint8Array(0)
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
