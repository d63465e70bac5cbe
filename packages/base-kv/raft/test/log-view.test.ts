import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type LogIndex, type Term } from '@base-kv/base'
import { type Entry, EntryType, encodeConfig, initialConfig, type SnapshotMeta } from '@base-kv/raft'
import { Inflight } from '../src/inflight.ts'
import { LogView } from '../src/log-view.ts'
import { Persistence } from '../src/persistence.ts'
import { MemoryLog } from './memory-log.ts'
import { store } from './words.ts'

const config = initialConfig([store(1)])
const snapshot: SnapshotMeta = { index: 1 as LogIndex, term: 1 as Term, config }

const entry = (index: number, term: number, type: Entry['type'] = EntryType.command): Entry => ({
  index: index as LogIndex,
  term: term as Term,
  type,
  data: type === EntryType.config ? encodeConfig(initialConfig([store(1), store(index)])) : new Uint8Array(index % 7),
})

type Step =
  | { readonly kind: 'append'; readonly terms: readonly number[]; readonly config: boolean }
  | { readonly kind: 'truncate' | 'compact' | 'trim'; readonly at: number }
  | { readonly kind: 'write' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      terms: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 5 }),
      config: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom('truncate' as const, 'compact' as const, 'trim' as const), at: fc.nat(30) }),
    fc.record({ kind: fc.constant('write' as const) }),
  ),
  { maxLength: 40 },
)

/** Reads everything the log can be asked and compares it with a plain list. */
function compare(log: LogView, model: readonly Entry[], base: SnapshotMeta): void {
  expect(log.last).toBe(model.at(-1)?.index ?? base.index)
  expect(log.lastTerm).toBe(model.at(-1)?.term ?? base.term)
  expect(log.snapshot()).toEqual(base)
  expect(log.term(base.index - 1)).toBeUndefined()
  expect(log.term(log.last + 1)).toBeUndefined()
  expect(log.term(base.index)).toBe(base.term)
  for (const { index, term } of model) expect(log.term(index)).toBe(term)
  const newest = model.findLast(({ type }) => type === EntryType.config)
  expect(log.configIndex).toBe(newest?.index ?? base.index)
  if (model.length > 0) {
    const read: Entry[] = []
    while (read.length < model.length) {
      read.push(...log.slice(base.index + 1 + read.length, log.last, 64))
    }
    expect(read).toEqual(model)
  }
  const terms = [base, ...model].map(({ term }) => term)
  for (const bound of [0, 1, 2, 3, 5]) {
    const at = terms.findLastIndex((term) => term <= bound)
    expect(log.lastWithTermAtMost(log.last, bound)).toBe(base.index + at)
  }
}

describe('the log in memory and on disk', () => {
  test('is one log, whatever was appended, cut off at either end, written, or let go from memory', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 100, 10_000), (list, cacheBytesMax) => {
        const disk = new MemoryLog(snapshot)
        const log = new LogView({ snapshot, lastIndex: 1 }, disk, cacheBytesMax)
        let model: Entry[] = []
        let base = snapshot
        const write = (): void => {
          const from = log.takeTruncation()
          if (from !== null) disk.truncateFrom(from)
          disk.append(log.takeUnwritten())
        }
        for (const step of list) {
          if (step.kind === 'append') {
            for (const more of step.terms) {
              const next = entry(log.last + 1, log.lastTerm + more, step.config ? EntryType.config : EntryType.command)
              log.append(next)
              model.push(next)
            }
          } else if (step.kind === 'write') {
            write()
          } else {
            const at = base.index + 1 + (step.at % Math.max(1, model.length))
            if (model.length === 0) continue
            if (step.kind === 'truncate') {
              log.truncate(at)
              model = model.filter(({ index }) => index < at)
            } else {
              write()
              if (step.kind === 'trim') log.trim(at)
              else {
                const kept = model.filter(({ index }) => index > at)
                const gone = model.filter(({ index }) => index <= at)
                const newest = gone.findLast(({ type }) => type === EntryType.config)
                const inForce = newest ? initialConfig([store(1), store(newest.index)]) : base.config
                base = { index: at as LogIndex, term: gone.at(-1)?.term as Term, config: inForce }
                expect(log.compact(at)).toEqual(base)
                disk.cut(base)
                model = kept
              }
            }
          }
          compare(log, model, base)
        }
        write()
        expect(disk.list).toEqual(model)
        // A restart finds the same.
        compare(new LogView({ snapshot: base, lastIndex: disk.last }, disk, cacheBytesMax), model, base)
      }),
      { numRuns: 150 },
    )
  })
})

describe('writes in flight', () => {
  test('never count for an entry that is not the one they wrote', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('truncate' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constantFrom('write' as const, 'done' as const), count: fc.constant(1) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (list) => {
        const persistence = new Persistence(0, 1, null)
        // Every entry is a number of its own; the disk is what the completed writes made of it.
        let serial = 0
        let memory: number[] = []
        const queue: { id: number; image: number[] }[] = []
        let disk: number[] = []
        for (const { kind, count } of list) {
          if (kind === 'append') for (let i = 0; i < count; i++) memory.push(++serial)
          else if (kind === 'truncate') {
            const from = Math.max(1, memory.length - count + 1)
            if (memory.length === 0) continue
            memory = memory.slice(0, from - 1)
            persistence.truncated(from)
          } else if (kind === 'write') {
            queue.push({ id: persistence.begin(memory.length, 1, null), image: [...memory] })
          } else {
            const write = queue.shift()
            if (!write) continue
            disk = write.image
            persistence.done(write.id)
            expect(persistence.done(write.id)).toBe(false)
          }
          expect(disk.slice(0, persistence.stable)).toEqual(memory.slice(0, persistence.stable))
        }
        for (const { id, image } of queue) {
          disk = image
          persistence.done(id)
          expect(disk.slice(0, persistence.stable)).toEqual(memory.slice(0, persistence.stable))
        }
      }),
    )
  })
})

describe('the window', () => {
  test('counts what is on its way, like a list would', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ free: fc.integer({ min: 0, max: 12 }) }),
      fc.constant({ clear: true }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (list) => {
        const window = new Inflight(5, 100)
        let model: { last: number; bytes: number }[] = []
        let last = 0
        for (const move of list) {
          if ('add' in move) {
            if (window.full) continue
            window.add(++last, move.add)
            model.push({ last, bytes: move.add })
          } else if ('free' in move) {
            window.free(last - move.free)
            model = model.filter((one) => one.last > last - move.free)
          } else {
            window.clear()
            model = []
          }
          const bytes = model.reduce((sum, one) => sum + one.bytes, 0)
          expect(window.count).toBe(model.length)
          expect(window.full).toBe(model.length >= 5 || (model.length > 0 && bytes >= 100))
        }
      }),
    )
  })
})
