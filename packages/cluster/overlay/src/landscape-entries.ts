/**
 * What stores say of themselves as entries of the replicated maps: one a store, one a range of a store, and apart from
 * these the numbers, so that numbers, which always change, do not carry the rest along. Numbers are rounded, and written
 * again only after a change by more than a tenth, each at most once in five seconds.
 *
 *     s/STORE          who, where          t/STORE          its numbers
 *     r/STORE/RANGE    one replica         u/STORE/RANGE    its numbers
 */
import { v1 } from '@base-kv/protocol'

export type DescribedStore = v1.StoreDescriptor.$Properties
export type DescribedRange = v1.RangeDescriptor.$Properties

const NUMBERS_AGAIN_MS = 5_000

type Kind = 's' | 't' | 'r' | 'u'

export interface EntryKey {
  readonly kind: Kind
  readonly store: string
  readonly range: string
}

const entryKey = (kind: Kind, store: string, range = ''): string =>
  range === '' ? `${kind}/${store}` : `${kind}/${store}/${range}`

export function parseEntryKey(key: string): EntryKey | undefined {
  const [kind, store, range = ''] = key.split('/')
  if (kind !== 's' && kind !== 't' && kind !== 'r' && kind !== 'u') return undefined
  return store ? { kind, store, range } : undefined
}

/** Writes entries so that they say what the stores say. */
export class LandscapeWriter {
  readonly #write: (key: string, value: Uint8Array | null) => boolean
  // By key: what was written, and when.
  #written = new Map<string, { readonly numbers: unknown; readonly atMs: number }>()

  constructor(write: (key: string, value: Uint8Array | null) => boolean) {
    this.#write = write
  }

  /** All stores of this node. @returns how many entries did not fit */
  report(stores: readonly DescribedStore[], nowMs: number): number {
    const written = new Map<string, { readonly numbers: unknown; readonly atMs: number }>()
    let refused = 0
    const put = (key: string, bytes: () => Uint8Array, numbers?: unknown): void => {
      const before = this.#written.get(key)
      if (numbers !== undefined && before) {
        const due = nowMs - before.atMs >= NUMBERS_AGAIN_MS && differs(before.numbers, numbers)
        if (!due) {
          written.set(key, before)
          return
        }
      }
      if (!this.#write(key, bytes())) refused++
      written.set(key, { numbers, atMs: nowMs })
    }
    for (const store of stores) {
      const id = store.id ?? ''
      const { numbers, rest } = splitStore(store)
      put(entryKey('s', id), () => v1.StoreDescriptor.encode(rest).finish())
      put(entryKey('t', id), () => v1.StoreDescriptor.encode(numbers).finish(), numbers)
      for (const range of store.ranges ?? []) {
        const parts = splitRange(range)
        put(entryKey('r', id, range.id ?? ''), () => v1.RangeDescriptor.encode(parts.rest).finish())
        put(entryKey('u', id, range.id ?? ''), () => v1.RangeDescriptor.encode(parts.numbers).finish(), parts.numbers)
      }
    }
    for (const key of this.#written.keys()) if (!written.has(key)) this.#write(key, null)
    this.#written = written
    return refused
  }
}

function splitStore(store: DescribedStore): { rest: DescribedStore; numbers: DescribedStore } {
  const { ranges: _ranges, statistics, diskFreeBytes, uptimeMs: _uptime, hlc: _hlc, ...rest } = store
  const { 'cpu.usage': cpu, ...others } = statistics ?? {}
  const numbers: DescribedStore = { diskFreeBytes: Math.round(rough(diskFreeBytes ?? 0)), statistics: roughAll(others) }
  // A share near nothing moves by more than a tenth all the time.
  if (cpu !== undefined && numbers.statistics) numbers.statistics['cpu.usage'] = Math.round(cpu * 20) / 20
  return { rest, numbers }
}

function splitRange(range: DescribedRange): { rest: DescribedRange; numbers: DescribedRange } {
  const { id, verHigh, verLow, startKey, endKey, state, role, config, term, leader, damage, fact } = range
  const rest = { id, verHigh, verLow, startKey, endKey, state, role, config, term, leader, damage, fact }
  const whole = (value: number | null | undefined): number => Math.round(rough(value ?? 0))
  const numbers: DescribedRange = {
    commitIndex: whole(range.commitIndex),
    appliedIndex: whole(range.appliedIndex),
    lastIndex: whole(range.lastIndex),
    sizeBytes: whole(range.sizeBytes),
    progress: (range.progress ?? []).map(({ storeId, state: word, matchIndex }) => ({
      storeId: storeId ?? '',
      state: word ?? '',
      matchIndex: whole(matchIndex),
    })),
    hints: (range.hints ?? []).map((hint) => ({ ...hint, load: roughAll(hint.load ?? {}) })),
    statistics: roughAll(range.statistics ?? {}),
  }
  return { rest: defined(rest), numbers: defined(numbers) }
}

/** protobufjs takes an absent field, not one that is undefined. */
function defined<T extends object>(fields: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}

/** Three digits that count. */
const rough = (value: number): number => Number(value.toPrecision(3))

const roughAll = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rough(value)]))

/** Whether a number in them differs by more than a tenth, or anything else at all. */
function differs(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) > 0.1 * Math.max(Math.abs(a), Math.abs(b))
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a !== b
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return left.length !== right.size || left.some(([key, value]) => differs(value, right.get(key)))
}
