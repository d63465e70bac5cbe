import { compareEnds, compareStarts, contains } from '@base-kv/base'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { AddressBook, isAddress } from '../src/address-book.ts'
import { backOffMs } from '../src/back-off.ts'
import { compareReports, type RangeReport, RouteTable } from '../src/route-table.ts'

const key = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text))

function report(
  rangeId: string,
  start: string | null,
  end: string | null,
  more: Partial<RangeReport> = {},
): RangeReport {
  const boundary = { start: key(start), end: key(end) }
  return { rangeId, boundary, epochConfirmed: true, verHigh: 1, verLow: 0, term: 1, leader: 'A', position: 0, ...more }
}

const leaderOf = (table: RouteTable, at: string | null): string | undefined => table.find(key(at))?.leader

describe('the route table', () => {
  test('the higher term wins within a range, the higher high half between ranges, a confirmed epoch over all', () => {
    const table = new RouteTable()
    expect(leaderOf(table, 'k')).toBeUndefined()
    table.learn('A', [report('1', null, null)])
    table.learn('B', [report('1', null, null, { term: 2, leader: 'B' })])
    expect(leaderOf(table, 'k')).toBe('B')
    // A split: the halves are newer than the whole, whatever its term.
    table.learn('B', [
      report('1', null, 'm', { verHigh: 2, term: 2, leader: 'B' }),
      report('2', 'm', null, { verHigh: 2, term: 1, leader: 'C' }),
    ])
    table.learn('A', [report('1', null, null, { term: 9, leader: 'A' })])
    expect(['a', 'l', 'm', 'z', null].map((at) => leaderOf(table, at))).toEqual(['B', 'B', 'C', 'C', 'B'])
    table.learn('D', [report('9', null, null, { epochConfirmed: false, verHigh: 99, leader: 'D' })])
    expect(leaderOf(table, 'z')).toBe('C')
  })

  test('"the leader moved" holds until a newer term says otherwise', () => {
    const table = new RouteTable()
    table.learn('A', [report('1', null, null)])
    table.find(key('k'))!.movedTo = 'b:1'
    table.learn('B', [report('1', null, null)])
    expect(table.find(key('k'))?.movedTo).toBe('b:1')
    table.learn('B', [report('1', null, null, { term: 2, leader: 'B' })])
    expect(table.find(key('k'))?.movedTo).toBeUndefined()
  })

  test('some ranges of a store at a time: gaps are filled, newer words count, splits and merges are laid anew', () => {
    const table = new RouteTable()
    table.learnSome('A', [report('1_2', 'f', 'k'), report('1_4', 't', null)])
    expect(['a', 'f', 'j', 'k', 't'].map((at) => table.find(key(at))?.rangeId)).toEqual([
      undefined,
      '1_2',
      '1_2',
      undefined,
      '1_4',
    ])
    table.find(key('g'))!.position = 7
    table.learnSome('B', [report('1_2', 'f', 'k', { term: 2, leader: 'B' }), report('1_1', null, 'f')])
    expect(table.find(key('g'))).toMatchObject({ leader: 'B', position: 7 })
    // An older word changes nothing.
    table.learnSome('A', [report('1_2', 'f', 'k')])
    expect(leaderOf(table, 'g')).toBe('B')
    table.learnSome('A', [report('1_3', 'k', 't'), report('1_4', 't', null)])
    expect(['a', 'f', 'k', 't'].map((at) => table.find(key(at))?.rangeId)).toEqual(['1_1', '1_2', '1_3', '1_4'])
    // A split, told by one of the halves first.
    table.learnSome('A', [report('1_9', 'm', 't', { verHigh: 2 })])
    expect(['k', 'm'].map((at) => table.find(key(at))?.rangeId)).toEqual(['1_3', '1_9'])
    // A merge.
    table.learnSome('B', [report('1_1', null, 'm', { verHigh: 3 })])
    expect(['a', 'g', 'l', 'm', 'z'].map((at) => table.find(key(at))?.rangeId)).toEqual([
      '1_1',
      '1_1',
      '1_1',
      '1_9',
      '1_4',
    ])
    // Another cluster under the same addresses.
    for (const store of ['A', 'B']) table.learnSome(store, [report('2_1', null, null, { verHigh: 0, leader: 'C' })])
    expect(table.routes.map(({ rangeId }) => rangeId)).toEqual(['2_1'])
  })

  test('what is learnt range by range is what is learnt at once', () => {
    const name = (i: number): string => String(i).padStart(5, '0')
    const all = Array.from({ length: 500 }, (_, i) =>
      report(`1_${i}`, i === 0 ? null : name(i), i === 499 ? null : name(i + 1), { leader: `S${i % 3}` }),
    )
    const [whole, parts] = [new RouteTable(), new RouteTable()]
    whole.learn('A', all)
    const shuffled = all.toSorted(
      (a, b) => ((Number(a.rangeId.slice(2)) * 7919) % 500) - ((Number(b.rangeId.slice(2)) * 7919) % 500),
    )
    for (let i = 0; i < 500; i += 20) parts.learnSome('A', shuffled.slice(i, i + 20))
    expect(parts.routes).toEqual(whole.routes)
  })

  test('for any reports: no overlap, and each key has the newest claim on it', () => {
    const letter = fc.constantFrom(null, 'b', 'd', 'f', 'h')
    const claim = fc
      .record({
        rangeId: fc.constantFrom('1', '2', '3', '4', '5'),
        start: letter,
        end: letter,
        verHigh: fc.integer({ min: 1, max: 3 }),
        term: fc.integer({ min: 1, max: 3 }),
        epochConfirmed: fc.boolean(),
        leader: fc.constantFrom('', 'A', 'B'),
      })
      .filter(({ start, end }) => start === null || end === null || start < end)
      .map(({ start, end, rangeId, ...more }) => report(rangeId, start, end, more))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.array(claim, { maxLength: 4 }))), (learnt) => {
        const table = new RouteTable()
        const last = new Map<string, RangeReport[]>()
        for (const [store, reports] of learnt) {
          table.learn(store, reports)
          last.set(store, reports)
        }
        const newest = new Map<string, RangeReport>()
        for (const one of [...last.values()].flat()) {
          const known = newest.get(one.rangeId)
          if (!known || compareReports(one, known) < 0) newest.set(one.rangeId, one)
        }
        table.routes.reduce<Uint8Array | null | undefined>((end, { boundary }) => {
          if (end !== undefined) {
            expect(end).not.toBeNull()
            expect(compareStarts(boundary.start, end)).toBeGreaterThanOrEqual(0)
          }
          expect(
            boundary.start === null || boundary.end === null || compareEnds(boundary.start, boundary.end) < 0,
          ).toBe(true)
          return boundary.end
        }, undefined)
        for (const at of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
          const bytes = Buffer.from(at)
          const [best] = [...newest.values()].filter(({ boundary }) => contains(boundary, bytes)).sort(compareReports)
          expect(table.find(bytes)?.rangeId).toBe(best?.rangeId)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the address book', () => {
  const a = { storeId: 'A', address: 'n1:7701' }
  const b = { storeId: 'B', address: 'n2:7701' }

  test('an endpoint that answered is preferred to what the store advertises', () => {
    const book = new AddressBook(['127.0.0.1:7701', '127.0.0.1:7702'])
    expect(book.ofStore('A')).toBeUndefined()
    book.learn('127.0.0.1:7701', a, [b])
    expect(book.ofStore('A')).toBe('127.0.0.1:7701')
    expect(book.ofAdvertised('n1:7701')).toBe('127.0.0.1:7701')
    expect(book.ofStore('B')).toBe('n2:7701')
    expect(book.all()).toEqual(['127.0.0.1:7701', '127.0.0.1:7702', 'n2:7701'])
    book.learn('127.0.0.1:7702', b, [a])
    expect(book.all()).toEqual(['127.0.0.1:7701', '127.0.0.1:7702'])
    expect(book.ofAdvertised('n9:7701')).toBe('n9:7701')
    expect(book.ofAdvertised('nonsense')).toBeUndefined()
  })

  test('an endpoint behind which another store appears stands for that one', () => {
    const book = new AddressBook(['e:1'])
    book.learn('e:1', a, [])
    book.learn('e:1', { storeId: 'C', address: 'n1:7701' }, [])
    expect(book.ofStore('C')).toBe('e:1')
    expect(book.ofStore('A')).toBe('n1:7701')
    expect(book.ofAdvertised('n1:7701')).toBe('e:1')
  })

  test.each(['host:1', '127.0.0.1:7701', '[::1]:7701'])('%s is an address', (text) =>
    expect(isAddress(text)).toBe(true),
  )
  test.each(['', 'host', 'host:', 'host:0', 'host:65536', 'a b:1', '::1:7701'])('%j is none', (text) =>
    expect(isAddress(text)).toBe(false),
  )
})

test('back-off grows with the time waited, within bounds, and is jittered', () => {
  const least = { below: () => 0 }
  const most = { below: (bound: number) => bound - 1 }
  expect(backOffMs(0, least)).toBeGreaterThan(0)
  expect(backOffMs(0, most)).toBeLessThanOrEqual(6)
  expect(backOffMs(800, most)).toBe(100)
  expect(backOffMs(800, least)).toBe(50)
  expect(backOffMs(3_600_000, most)).toBe(250)
})
