import { describe, expect, test } from '@jest/globals'
import { KvError, limits } from '@base-kv/base'
import type { ClientId, Stamp } from '@base-kv/range'
import type { RangeData } from '@base-kv/storage'
import fc from 'fast-check'
import { RequestTable } from '../src/request-table.ts'

/** The key space `local`, and nothing else. */
class LocalData {
  readonly pairs = new Map<string, Uint8Array>()

  get asRange(): RangeData {
    const key = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
    return {
      get: (_: string, at: Uint8Array) => this.pairs.get(key(at)),
      put: (_: string, at: Uint8Array, value: Uint8Array) => void this.pairs.set(key(at), value),
      delete: (_: string, at: Uint8Array) => void this.pairs.delete(key(at)),
    } as unknown as RangeData
  }

  get dump(): [string, string][] {
    return [...this.pairs].map(([key, value]): [string, string] => [key, Buffer.from(value).toString('latin1')]).sort()
  }
}

const clientOf = (n: number): ClientId => String.fromCharCode(n).padStart(16, 'c') as ClientId
const stampOf = (sequence: number, more: Partial<Stamp> = {}): Stamp => ({
  client: clientOf(1),
  sequence,
  seen: 0,
  isRetry: false,
  ...more,
})
const answerOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const text = (answer: Uint8Array | KvError | null): string | null =>
  answer instanceof KvError ? answer.code : answer && Buffer.from(answer).toString()

/** One entry with these writes, as a state machine does it. */
function apply(table: RequestTable, stamps: readonly Stamp[], answer = (stamp: Stamp) => `a${stamp.sequence}`) {
  const said = stamps.map((stamp) => {
    const known = table.judge(stamp)
    if (known) return text(known)
    table.record(stamp, answerOf(answer(stamp)))
    return `new ${answer(stamp)}`
  })
  table.settle()
  return said
}

const retry = (stamp: Stamp): Stamp => ({ ...stamp, isRetry: true })

describe('the request table', () => {
  test('gives the first answer again, also within one entry, after a restart and from a page long closed', () => {
    const data = new LocalData()
    const table = new RequestTable(data.asRange)
    const one = stampOf(1)
    expect(apply(table, [one, retry(one)], () => 'first')).toEqual(['new first', 'first'])
    for (let at = 2; at < 2_000; at++) apply(table, [stampOf(at, { seen: table.position })])
    expect(data.pairs.size).toBeGreaterThan(5)
    for (const asked of [table, new RequestTable(data.asRange)]) {
      expect(apply(asked, [retry(one), retry(stampOf(77)), stampOf(1_999)])).toEqual(['first', 'a77', 'a1999'])
    }
    table.rest()
    expect(apply(table, [retry(stampOf(1_500))])).toEqual(['a1500'])
  })

  test('requests of one client come in any order; another client’s with the same number are others', () => {
    const table = new RequestTable(new LocalData().asRange)
    expect(apply(table, [stampOf(9), stampOf(3), stampOf(3, { client: clientOf(2) })])).toEqual([
      'new a9',
      'new a3',
      'new a3',
    ])
    expect(apply(table, [stampOf(4), stampOf(9)])).toEqual(['new a4', 'a9'])
  })

  test('forgets the oldest, and then tells what it cannot know from what it can', () => {
    const data = new LocalData()
    const table = new RequestTable(data.asRange, { requestsMax: 1_000, bytesMax: limits.requestTableBytesMax })
    for (let at = 1; at <= 5_000; at++) apply(table, [stampOf(at, { seen: table.position })])
    const { position, horizon } = table
    expect(position).toBe(5_000)
    expect(position - horizon).toBeLessThanOrEqual(1_000)
    expect(position - horizon).toBeGreaterThan(500)
    // Whether the old one was applied nobody knows; as a first attempt it was not.
    expect(apply(table, [retry(stampOf(1)), stampOf(1), retry(stampOf(9_001, { seen: horizon - 1 }))])).toEqual([
      'OutcomeUnknown',
      'TryLater',
      'OutcomeUnknown',
    ])
    // A retry that was never applied, as its position proves.
    expect(apply(table, [retry(stampOf(9_002, { seen: horizon }))])).toEqual(['new a9002'])
    // Seen at another range.
    expect(apply(table, [stampOf(9_003, { seen: 6_000 })])).toEqual(['TryLater'])
    expect(table.isOld(horizon)).toBe(true)
    expect(table.isOld(position)).toBe(false)
    expect(table.isOld(position + 100)).toBe(true)
    // The horizon outlives a restart.
    expect(text(new RequestTable(data.asRange).judge(retry(stampOf(1))))).toBe('OutcomeUnknown')
  })

  test('is bounded by bytes too; an answer that is too long is not kept, and the retry is told so', () => {
    const data = new LocalData()
    const table = new RequestTable(data.asRange, { requestsMax: 100_000, bytesMax: 64 * 1024 })
    const long = 'x'.repeat(limits.requestAnswerBytesMax)
    for (let at = 1; at <= 100; at++) apply(table, [stampOf(at, { seen: table.position })], () => long)
    const bytes = [...data.pairs.values()].reduce((sum, value) => sum + value.length, 0)
    expect(bytes).toBeLessThan(80 * 1024)
    expect(apply(table, [retry(stampOf(100))])).toEqual([long])
    table.record(stampOf(101), null)
    table.settle()
    expect(apply(table, [retry(stampOf(101))])).toEqual(['OutcomeUnknown'])
  })

  test('copied to the other half of a split it says the same', () => {
    const data = new LocalData()
    const table = new RequestTable(data.asRange)
    for (let at = 1; at <= 1_000; at++) apply(table, [stampOf(at)])
    const other = new LocalData()
    for (const [key, value] of table.records()) other.asRange.put('local', key, value)
    const half = new RequestTable(other.asRange)
    expect(other.dump).toEqual(data.dump)
    expect(half.position).toBe(1_000)
    expect(apply(half, [stampOf(1), stampOf(1_001)])).toEqual(['a1', 'new a1001'])
  })

  test('a merge remembers what both did, and the larger position and horizon count', () => {
    const bounds = { requestsMax: 1_000, bytesMax: limits.requestTableBytesMax }
    const left = new RequestTable(new LocalData().asRange, bounds)
    const right = new RequestTable(new LocalData().asRange, bounds)
    apply(left, [stampOf(1), stampOf(2)])
    for (let at = 1; at <= 3_000; at++) apply(right, [stampOf(at, { client: clientOf(2), seen: right.position })])
    const { horizon } = right
    left.absorb(right.records())
    left.settle()
    expect(left.position).toBe(3_000)
    expect(left.horizon).toBeGreaterThanOrEqual(horizon)
    const newest = stampOf(3_000, { client: clientOf(2), seen: 2_999 })
    expect(apply(left, [retry(newest)])).toEqual(['a3000'])
    // What was forgotten before the merge is not applied again after it.
    expect(apply(left, [retry(stampOf(1, { client: clientOf(2), seen: 0 }))])).toEqual(['OutcomeUnknown'])
    expect(apply(left, [stampOf(7, { seen: left.position })])).toEqual(['new a7'])
  })

  test('a format that is not known is refused', () => {
    const data = new LocalData()
    apply(new RequestTable(data.asRange), [stampOf(1)])
    for (const value of data.pairs.values()) value[0] = 9
    expect(() => new RequestTable(data.asRange)).toThrow('format 9')
  })
})

/** A client's write: it is sent again and again, its copies arrive in any order, at either half of a split. */
const write = fc.record({
  client: fc.integer({ min: 1, max: 3 }),
  sequence: fc.integer({ min: 1, max: 40 }),
  // How much older than the truth the position is that it takes along; negative: seen at another range.
  lag: fc.integer({ min: -5, max: 30 }),
  // A copy of the first attempt that was long on its way.
  isStray: fc.boolean(),
})

test('no write is applied twice, whatever its copies do, and all replicas remember the same', () => {
  const answer = () => 'x'.repeat(1_000)
  let forgot = false
  fc.assert(
    fc.property(
      fc.array(fc.array(write, { minLength: 1, maxLength: 6 }), { maxLength: 120 }),
      fc.array(fc.boolean(), { maxLength: 120 }),
      (entries, restarts) => {
        // Answers so long that a page holds four.
        const bounds = { requestsMax: 12, bytesMax: 64 * 1024 }
        const [data, otherData] = [new LocalData(), new LocalData()]
        const table = new RequestTable(data.asRange, bounds)
        let other = new RequestTable(otherData.asRange, bounds)
        const applied = new Set<string>()
        // A write keeps what its client had seen when it was sent first.
        const seenOf = new Map<string, number>()
        entries.forEach((writes, at) => {
          const stamps = writes.map(({ client, sequence, lag, isStray }) => {
            const name = `${client}/${sequence}`
            const seen = seenOf.get(name) ?? Math.max(0, table.position - lag)
            const isRetry = seenOf.has(name) && !isStray
            seenOf.set(name, seen)
            return { client: clientOf(client), sequence, seen, isRetry }
          })
          const said = apply(table, stamps, answer)
          said.forEach((one, i) => {
            if (!one?.startsWith('new')) return
            const { client, sequence } = writes[i]!
            expect(applied.has(`${client}/${sequence}`)).toBe(false)
            applied.add(`${client}/${sequence}`)
          })
          if (restarts[at]) other = new RequestTable(otherData.asRange, bounds)
          expect(apply(other, stamps, answer)).toEqual(said)
          forgot ||= table.horizon > 0
        })
        expect(otherData.dump).toEqual(data.dump)
      },
    ),
    { numRuns: 300 },
  )
  expect(forgot).toBe(true)
})
