import { contains, type KvError } from '@base-kv/base'
import { KvCoprocessor } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import type { RangeWriter } from '@base-kv/range'

/** Adds to the end of what a key holds. */
export const APPEND = 100

/** kv.store, and one command more, of which every application shows, and the order too. */
export class AppendingCoprocessor extends KvCoprocessor {
  constructor() {
    super({ valueBytesMax: 1024 * 1024 })
  }

  override check(kind: number, body: Uint8Array): KvError | null {
    return kind === APPEND ? null : super.check(kind, body)
  }

  override mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError {
    if (kind !== APPEND) return super.mutate(kind, body, state)
    const { key, value } = v1.PutRequest.decode(body)
    // The base class knows how to refuse a key that is not here.
    if (!contains(state.boundary, key)) return super.mutate(1, body, state)
    const before = state.get(key) ?? new Uint8Array(0)
    state.put(key, Buffer.concat([before, value]))
    return Buffer.from(String(before.length))
  }
}
