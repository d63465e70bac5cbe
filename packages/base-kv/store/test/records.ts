/**
 * A service for tests, other than kv-store: records of two pairs, `ID/a` and `ID/b`, that always have the same value and
 * must never be parted. It uses everything that the contract of coprocessors offers, and writes down what it was told.
 */
import { type Boundary, contains, KvError } from '@base-kv/base'
import type { Committed, Coprocessor, RangeReader, RangeWriter, ResetOccasion, ResetRange } from '@base-kv/range'

export const SET = 1
export const SET_REFUSED = 2
export const GET = 1

export interface Told {
  readonly what: ResetOccasion | 'hook' | 'answer' | 'close'
  readonly id?: string
  /** What the record held when the hook ran. */
  readonly seen?: string
  readonly committed?: Committed
  readonly start?: string
  readonly end?: string
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()
export const setCommand = (id: string, value: string): Uint8Array => Buffer.from(`${id}=${value}`)

export class Records implements Coprocessor {
  readonly told: Told[]
  #range: ResetRange | null = null
  /** Memory beside the state: which records there are. */
  readonly #ids = new Set<string>()

  constructor(told: Told[]) {
    this.told = told
  }

  reset(boundary: Boundary, range: ResetRange): void {
    this.told.push({ what: range.occasion, start: text(boundary.start), end: text(boundary.end) })
    this.#range = range
    this.#ids.clear()
    void this.#count(range)
  }

  check(_kind: number, body: Uint8Array): KvError | null {
    return text(body).includes('=') ? null : new KvError('BadRequest', 'no record')
  }

  mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError {
    const [id = '', value = ''] = text(body).split('=')
    if (!contains(state.boundary, Buffer.from(`${id}/a`))) return new KvError('BadVersion', 'not here')
    state.afterCommit((committed) => {
      this.told.push({ what: 'hook', id, committed, seen: text(this.#range?.state.get(Buffer.from(`${id}/b`))) })
      this.#ids.add(id)
      this.#range?.publish(Buffer.from(String(this.#ids.size)))
    })
    if (kind === SET_REFUSED) return new KvError('BadRequest', 'refused')
    for (const part of ['a', 'b']) state.put(Buffer.from(`${id}/${part}`), Buffer.from(value))
    return Buffer.from('done')
  }

  query(_kind: number, body: Uint8Array, state: RangeReader): Uint8Array {
    const [a, b] = ['a', 'b'].map((part) => state.get(Buffer.from(`${text(body)}/${part}`)))
    return Buffer.from(`${text(a)},${text(b)}`)
  }

  /** In front of the record. */
  toSplitKey(key: Uint8Array): Uint8Array | null {
    const slash = text(key).indexOf('/')
    return slash < 0 ? key : key.subarray(0, slash)
  }

  close(): void {
    this.told.push({ what: 'close' })
  }

  /** What a service with more records than fit in one turn does. */
  async #count(range: ResetRange): Promise<void> {
    await using view = range.state.readView()
    await using pairs = view.scan('user', { start: null, end: null })
    const found: string[] = []
    for (let page = await pairs.next(); page.length > 0; page = await pairs.next()) {
      for (const [key] of page) found.push(text(key).split('/')[0] ?? '')
    }
    if (this.#range !== range) return
    for (const id of found) this.#ids.add(id)
    range.publish(Buffer.from(String(this.#ids.size)))
  }
}
