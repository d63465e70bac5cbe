/**
 * Looks at every replica's log and applied state from outside: entries with the same place and term are the same entry,
 * and so is all that lies before them; what one replica applied at a place, all apply; who has applied as much holds the
 * same; each term has one leader.
 */
import type { LogIndex, RangeId } from '@base-kv/base'
import type { RangeRecord, Storage } from '@base-kv/storage'
import { must } from '../checkers/violation.ts'
import type { Machine, Process } from './machine.ts'
import { shortStore } from './store-names.ts'
import type { Ownership } from './ownership.ts'
import type { StoreCoverage } from './coverage.ts'

export class Replicas {
  readonly #ownership: Ownership
  readonly #coverage: StoreCoverage
  /** By range, index and term: a number for the entry and all before it. */
  readonly #chains = new Map<string, number>()
  /** By range and index: the term of what was applied there. */
  readonly #applied = new Map<RangeId, Map<number, number>>()
  /** By range and index: what the applied state is. */
  readonly #digests = new Map<string, { readonly digest: string; readonly who: string }>()
  /** By range and term. */
  readonly #leaders = new Map<string, string>()
  readonly #seen = new WeakMap<Process, Map<RangeId, { record: RangeRecord | null; isLeader: boolean }>>()
  comparisons = 0

  constructor(ownership: Ownership, coverage: StoreCoverage) {
    this.#ownership = ownership
    this.#coverage = coverage
  }

  /** Sees every entry that goes into a log. */
  watch(machine: Machine, storage: Storage): Storage {
    const { log } = storage
    const append = log.append.bind(log)
    log.append = (range, change, onDurable) => {
      const { entries = [] } = change
      append(range, change, onDurable)
      const [first] = entries
      if (!first) return
      const previous = (first.index - 1) as LogIndex
      const base = log.snapshot(range)
      let chain = this.#chainOf(range, previous, previous === base.index ? base.term : log.reader(range).term(previous))
      for (const { index, term, type, data } of entries) {
        chain = mixBytes(mix(mix(mix(chain, index), term), type), data)
        const key = `${range} ${index} ${term}`
        const known = this.#chains.get(key)
        must(
          'log matching',
          known === undefined || known === chain,
          () => `${machine.number} has another entry ${index} of term ${term} in ${range}`,
        )
        this.#chains.set(key, chain)
      }
    }
    return storage
  }

  /** After each event. */
  look(machines: readonly Machine[]): void {
    for (const { process } of machines) if (process?.store) this.#lookAt(process)
    this.#ownership.check()
  }

  #lookAt(process: Process): void {
    const { storage, store } = process
    if (!storage || !store) return
    let seen = this.#seen.get(process)
    if (!seen) this.#seen.set(process, (seen = new Map()))
    for (const id of storage.data.ranges) {
      const { record } = storage.data.range(id)
      let last = seen.get(id)
      if (last?.record === record) continue
      if (!last) seen.set(id, (last = { record, isLeader: false }))
      last.record = record
      const { index, term } = record.applied
      let terms = this.#applied.get(id)
      if (!terms) this.#applied.set(id, (terms = new Map()))
      const known = terms.get(index)
      must(
        'applied alike',
        known === undefined || known === term,
        () => `${shortStore(process.id)} applied entry ${index} of term ${term} in ${id}, others of term ${known}`,
      )
      terms.set(index, term)
      this.#ownership.saw(id, record)
    }
    for (const range of store.ranges) {
      let last = seen.get(range.id)
      if (!last) seen.set(range.id, (last = { record: null, isLeader: false }))
      const { isLeader } = range
      if (isLeader === last.isLeader) continue
      last.isLeader = isLeader
      if (!isLeader) continue
      this.#coverage.add('election')
      const key = `${range.id} ${range.describe().term}`
      const who = `${process.host} as replica ${range.self.replica}`
      const other = this.#leaders.get(key)
      must('one leader a term', other === undefined || other === who, () => `${who} and ${other} lead ${key}`)
      this.#leaders.set(key, who)
    }
  }

  /** Whether all who have applied as much hold the same, key by key. */
  async compare(machines: readonly Machine[]): Promise<void> {
    for (const machine of machines) {
      const { process } = machine
      if (!process?.storage || !process.isServing) continue
      for (const id of process.storage.data.ranges) {
        const { record } = process.storage.data.range(id)
        const key = `${id} ${record.applied.index}`
        const isShared =
          this.#digests.has(key) ||
          machines.some((other) => other !== machine && appliedAt(other, id) === record.applied.index)
        if (!isShared) continue
        const digest = await digestOf(machine, process.storage, id)
        const who = `${shortStore(process.id)}`
        const known = this.#digests.get(key)
        if (known) this.comparisons++
        must(
          'same state',
          !known || known.digest === digest,
          () => `${key}: ${who} holds ${digest}, ${known?.who} ${known?.digest}`,
        )
        if (!known) this.#digests.set(key, { digest, who })
      }
    }
  }

  #chainOf(range: RangeId, index: number, term: number): number {
    return this.#chains.get(`${range} ${index} ${term}`) ?? 0
  }
}

function appliedAt({ process }: Machine, id: RangeId): number | null {
  const data = process?.storage?.data
  return data?.has(id) ? data.range(id).record.applied.index : null
}

async function digestOf(machine: Machine, storage: Storage, id: RangeId): Promise<string> {
  machine.data.readsAtOnce = true
  try {
    const data = storage.data.range(id)
    const parts = [`state ${mixBytes(1, data.record.state)}`]
    await using view = data.readView()
    for (const space of ['user', 'local'] as const) {
      await using iterator = view.scan(space, { start: null, end: null })
      let hash = 1
      let count = 0
      for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
        for (const [key, value] of page) hash = mixBytes(mixBytes(hash, key), value)
        count += page.length
      }
      parts.push(`${space} ${count} pairs ${hash}`)
    }
    return parts.join(', ')
  } finally {
    machine.data.readsAtOnce = false
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

function mixBytes(hash: number, bytes: Uint8Array): number {
  let out = mix(hash, bytes.length)
  for (const byte of bytes) out = mix(out, byte)
  return out
}
