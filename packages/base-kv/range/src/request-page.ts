/**
 * Recorded requests in a row, oldest first, with the answers they got.
 *
 *   per request: client u16 (how manieth client of this page; of a new one 16 bytes of id follow), sequence u64,
 *   length of the answer u16 (0xffff: it was too long to be kept), answer; little-endian
 */
import { assert, KvError, limits } from '@base-kv/base'
import { CLIENT_ID_BYTES, clientIdAt, type ClientId } from './stamp.ts'
import { readWide, writeWide } from './wide-number.ts'

const HEAD = 2 + 8 + 2
const NOT_KEPT = 0xffff

/** `answer` is null when it was too long to be kept. */
export type EachRequest = (client: ClientId, sequence: number, answer: Uint8Array | null) => void

/** The newest requests, of which there will be more. */
export class RequestPage {
  readonly #bytes: Buffer
  readonly #view: DataView
  #length = 0
  readonly #clients = new Map<ClientId, number>()

  constructor() {
    this.#bytes = Buffer.allocUnsafeSlow(
      limits.requestPageBytes + HEAD + CLIENT_ID_BYTES + limits.requestAnswerBytesMax,
    )
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Changes with the next call. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length >= limits.requestPageBytes
  }

  add(client: ClientId, sequence: number, answer: Uint8Array | null): void {
    assert(!this.isFull, 'a page that is full is closed')
    const out = this.#bytes
    const view = this.#view
    const known = this.#clients.get(client)
    let at = this.#length
    view.setUint16(at, known ?? this.#clients.size, true)
    at += 2
    if (known === undefined) {
      this.#clients.set(client, this.#clients.size)
      at += out.write(client, at, CLIENT_ID_BYTES, 'latin1')
    }
    writeWide(view, at, sequence)
    view.setUint16(at + 8, answer === null ? NOT_KEPT : answer.length, true)
    at += 10
    if (answer !== null && answer.length > 0) {
      out.set(answer, at)
      at += answer.length
    }
    this.#length = at
  }

  clear(): void {
    this.#length = 0
    this.#clients.clear()
  }
}

/** Answers are views on `bytes`. @throws KvError Corrupt */
export function readRequests(bytes: Uint8Array, each: EachRequest): void {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const clients: ClientId[] = []
  let at = 0
  while (at < data.length) {
    if (at + HEAD > data.length) throw cutOff()
    const number = view.getUint16(at, true)
    at += 2
    if (number === clients.length) {
      if (at + CLIENT_ID_BYTES > data.length) throw cutOff()
      clients.push(clientIdAt(data, at))
      at += CLIENT_ID_BYTES
    }
    const client = clients[number]
    if (client === undefined || at + HEAD - 2 > data.length) throw cutOff()
    const sequence = readWide(view, at)
    const length = view.getUint16(at + 8, true)
    at += HEAD - 2
    if (length === NOT_KEPT) {
      each(client, sequence, null)
      continue
    }
    if (at + length > data.length) throw cutOff()
    each(client, sequence, data.subarray(at, at + length))
    at += length
  }
}

const cutOff = () => new KvError('Corrupt', 'a page of recorded requests is cut off')
