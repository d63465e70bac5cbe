/** Plain keys and values: what put, delete, compare-and-set, batch, get and scan mean to a range. */
import { compareEnds, contains, KvError, limits, sameKey } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { Coprocessor, RangeReader, RangeWriter } from '@base-kv/range'
import { checkKey, checkValue, KvCommand, type KvLimits, KvQuery, type Sized, tryDecode } from './kv-commands.ts'
import { putSizes, readPut } from './put-request.ts'

const DONE = new Uint8Array(0)

export class KvCoprocessor implements Coprocessor {
  readonly #limits: KvLimits

  constructor(kvLimits: KvLimits) {
    this.#limits = kvLimits
  }

  check(kind: number, body: Uint8Array): KvError | null {
    switch (kind) {
      case KvCommand.put: {
        const sizes = tryDecode(() => putSizes(body))
        return sizes instanceof KvError ? sizes : this.#checkPut(sizes)
      }
      case KvCommand.delete: {
        const request = tryDecode(() => v1.DeleteRequest.decode(body))
        return request instanceof KvError ? request : checkKey(request.key)
      }
      case KvCommand.compareAndSet: {
        const request = tryDecode(() => v1.CompareAndSetRequest.decode(body))
        return request instanceof KvError ? request : this.#checkPut(request)
      }
      case KvCommand.batch: {
        const request = tryDecode(() => v1.BatchRequest.decode(body))
        return request instanceof KvError ? request : this.#checkBatch(request)
      }
      default:
        return new KvError('BadRequest', `kv.store has no command ${kind}`)
    }
  }

  mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError {
    switch (kind) {
      case KvCommand.put: {
        const { key, value } = readPut(body)
        if (!contains(state.boundary, key)) return outside()
        state.put(key, value)
        return DONE
      }
      case KvCommand.delete: {
        const { key } = v1.DeleteRequest.decode(body)
        if (!contains(state.boundary, key)) return outside()
        state.delete(key)
        return DONE
      }
      case KvCommand.compareAndSet:
        return compareAndSet(v1.CompareAndSetRequest.decode(body), state)
      case KvCommand.batch:
        return batch(v1.BatchRequest.decode(body), state)
      default:
        return new KvError('BadRequest', `kv.store has no command ${kind}`)
    }
  }

  query(kind: number, body: Uint8Array, state: RangeReader): Uint8Array | Promise<Uint8Array> {
    if (kind === KvQuery.get) {
      const { key } = decodeQuery(() => v1.GetRequest.decode(body))
      const bad = checkKey(key)
      if (bad) throw bad
      if (!contains(state.boundary, key)) throw outside()
      const value = state.get(key)
      return value === undefined ? DONE : v1.GetReply.encode({ value }).finish()
    }
    if (kind === KvQuery.scan)
      return scanPage(
        decodeQuery(() => v1.ScanRequest.decode(body)),
        state,
      )
    throw new KvError('BadRequest', `kv.store has no query ${kind}`)
  }

  /** Keys have nothing to do with one another. */
  toSplitKey(key: Uint8Array): Uint8Array {
    return key
  }

  #checkPut(request: { readonly key: Sized; readonly value: Sized }): KvError | null {
    return checkKey(request.key) ?? checkValue(request.value, this.#limits)
  }

  #checkBatch({ ops = [] }: v1.BatchRequest.$Properties): KvError | null {
    if (!ops || ops.length === 0) {
      return new KvError('BadRequest', 'the batch is empty', { hint: 'give at least one put or delete' })
    }
    if (ops.length > limits.batchOpsMax) {
      return new KvError('BadRequest', `the batch has ${ops.length} operations, the limit is ${limits.batchOpsMax}`)
    }
    for (const op of ops) {
      const key = op.put?.key ?? op.delete?.key ?? DONE
      const bad = op.put || op.delete ? checkKey(key) : new KvError('BadRequest', 'a batch operation is empty')
      if (bad) return bad
      const badValue = op.put?.value ? checkValue(op.put.value, this.#limits) : null
      if (badValue) return badValue
    }
    return null
  }
}

/** Queries come unchecked. @throws KvError BadRequest */
function decodeQuery<T>(decode: () => T): T {
  const request = tryDecode(decode)
  if (request instanceof KvError) throw request
  return request
}

const outside = () =>
  new KvError('BadVersion', 'the key is not in this range any more', { hint: 'ask again: the route has changed' })

function compareAndSet(request: v1.CompareAndSetRequest, state: RangeWriter): Uint8Array | KvError {
  const { key, value } = request
  if (!contains(state.boundary, key)) return outside()
  const current = state.get(key)
  const expect = request.expect ?? undefined
  const matches = expect === undefined ? current === undefined : current !== undefined && sameKey(current, expect)
  if (matches) state.put(key, value)
  const reply = matches ? { succeeded: true } : { succeeded: false, ...(current ? { current } : {}) }
  return v1.CompareAndSetReply.encode(reply).finish()
}

function batch({ ops = [] }: v1.BatchRequest.$Properties, state: RangeWriter): Uint8Array | KvError {
  const keys = (ops ?? []).map((op) => op.put?.key ?? op.delete?.key ?? DONE)
  const inside = keys.find((key) => contains(state.boundary, key))
  const stray = keys.find((key) => !contains(state.boundary, key))
  if (stray) {
    if (!inside) return outside()
    return new KvError('BadRequest', `keys ${show(inside)} and ${show(stray)} are in different ranges`, {
      hint: 'a batch is atomic: all its keys must be in one range',
    })
  }
  for (const op of ops ?? []) {
    if (op.put) state.put(op.put.key ?? DONE, op.put.value ?? DONE)
    else if (op.delete) state.delete(op.delete.key ?? DONE)
  }
  return DONE
}

/** Cut to a length that fits an error message. */
const show = (key: Uint8Array): string => JSON.stringify(Buffer.from(key.subarray(0, 64)).toString('utf8'))

/**
 * One page: from `start` on, at most `limit` items and about a page's bytes. Clients go on behind its last key; an empty
 * page is the end, unless it says where the next range begins.
 */
async function scanPage(request: v1.ScanRequest, state: RangeReader): Promise<Uint8Array> {
  const { boundary } = state
  const start = request.start ?? DONE
  if (!contains(boundary, start)) throw outside()
  const asked = request.end ?? null
  const end = compareEnds(asked, boundary.end) <= 0 ? asked : boundary.end
  await using view = state.readView()
  const pagePairs = Math.min(request.limit || limits.scanPageKeysMax, limits.scanPageKeysMax)
  await using iterator = view.scan('user', { start, end, pageBytes: limits.scanPageBytes, pagePairs })
  const items = (await iterator.next()).map(([key, value]) => (request.keysOnly ? { key } : { key, value }))
  const goesOn = items.length === 0 && boundary.end !== null && compareEnds(boundary.end, asked) < 0
  return v1.ScanPage.encode(goesOn ? { items, next: boundary.end } : { items }).finish()
}

/** The first key behind `key`. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.length + 1)
  after.set(key)
  return after
}
