import { describe, expect, test } from '@jest/globals'
import { type Entry, type Member, type SnapshotMeta } from '@base-kv/raft'
import { encodeCommand } from '../src/command.ts'
import { Disk, emptyRecord } from '../src/disk.ts'
import { EventHeap } from '../src/event-heap.ts'
import { Coverage } from '../src/faults.ts'
import { LocalClock } from '../src/local-clock.ts'
import { LogImage } from '../src/log-image.ts'
import { Prng } from '../src/prng.ts'
import { stores } from '../src/stores.ts'
import { Trace } from '../src/trace.ts'

const self = { store: stores[0], replica: 1 } as Member
const begin = {
  index: 1,
  term: 1,
  config: { voters: [self], learners: [], nextVoters: [], nextLearners: [] },
} as unknown as SnapshotMeta
const entry = (index: number, term = 1): Entry =>
  ({ index, term, type: 1, data: encodeCommand({ id: index, key: 0 }, 20) }) as unknown as Entry

describe('chance', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: number): number[] => Array.from({ length: 100 }, () => new Prng(seed).uint32())
    expect(draw(7)).toEqual(draw(7))
    expect(new Prng(7).uint32()).not.toBe(new Prng(8).uint32())
  })

  test('below stays below, and reaches every value', () => {
    const prng = new Prng(1)
    const seen = new Set(Array.from({ length: 500 }, () => prng.below(5)))
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4])
  })
})

describe('time', () => {
  test('events run by time, then in the order in which they were scheduled', () => {
    const heap = new EventHeap()
    const prng = new Prng(3)
    const ran: { at: number; order: number }[] = []
    for (let order = 0; order < 300; order++) {
      const at = prng.below(20)
      heap.after(at, () => ran.push({ at, order }))
    }
    while (heap.runNext(100));
    expect(ran).toEqual(ran.toSorted((a, b) => a.at - b.at || a.order - b.order))
    expect(ran).toHaveLength(300)
    expect(heap.now).toBe(100)
  })

  test('a clock that drifts never goes back when its rate changes', () => {
    const world = { now: 0 }
    const clock = new LocalClock(world, 1.2, 50)
    world.now = 100
    expect(clock.nowMs).toBeCloseTo(170)
    clock.setRate(0.8)
    expect(clock.nowMs).toBeCloseTo(170)
    world.now = 200
    expect(clock.nowMs).toBeCloseTo(250)
  })
})

describe('disk', () => {
  function disk(seed: number): { disk: Disk; heap: EventHeap; failures: number[]; coverage: Coverage } {
    const heap = new EventHeap()
    const failures: number[] = []
    const coverage = new Coverage()
    const made = new Disk(5, {
      prng: new Prng(seed),
      after: (delayMs, run) => heap.after(delayMs, run),
      worldNowMs: () => heap.now,
      localNowMs: () => heap.now,
      coverage,
      failed: () => failures.push(heap.now),
    })
    made.replica = {
      self,
      hardState: { term: 1, vote: null, commit: 1 } as never,
      log: new LogImage(begin),
      intent: null,
    }
    return { disk: made, heap, failures, coverage }
  }

  test('a write is durable only when its sync returns; what comes meanwhile shares the next one', () => {
    const { disk: d, heap } = disk(1)
    const done: number[] = []
    for (const index of [2, 3, 4]) d.writeLog({ ...emptyRecord(self), entries: [entry(index)] }, () => done.push(index))
    expect(d.replica?.log.last).toBe(1)
    expect(d.busySinceMs).toBe(0)
    heap.runNext(1000)
    expect(done).toEqual([2])
    expect(d.replica?.log.last).toBe(2)
    heap.runNext(1000)
    expect(done).toEqual([2, 3, 4])
    expect(d.replica?.log.last).toBe(4)
    expect(d.busySinceMs).toBeNull()
  })

  test('a crash keeps a prefix of what was in flight, whole records only, nothing of what waited', () => {
    const ends = new Set<number>()
    let tornDropped = 0
    for (let seed = 1; seed <= 60; seed++) {
      const { disk: d, heap, coverage } = disk(seed)
      d.writeLog({ ...emptyRecord(self), entries: [entry(2)] }, () => {})
      for (const index of [3, 5])
        d.writeLog({ ...emptyRecord(self), entries: [entry(index), entry(index + 1)] }, () => {})
      heap.runNext(1000)
      d.writeLog({ ...emptyRecord(self), entries: [entry(7)] }, () => {})
      d.crash(true, true)
      ends.add(d.replica?.log.last as number)
      tornDropped += coverage.counts.get('tornRecordDropped') ?? 0
    }
    expect([...ends].toSorted()).toEqual([2, 4, 6])
    expect(tornDropped).toBeGreaterThan(0)
  })

  test('a failed sync reports once and makes nothing durable; a hung one waits', () => {
    const { disk: d, heap, failures } = disk(1)
    d.hungUntilMs = 500
    d.failNext = true
    d.writeLog({ ...emptyRecord(self), entries: [entry(2)] }, () => {})
    while (heap.runNext(10_000));
    expect(failures).toEqual([500])
    expect(d.replica?.log.last).toBe(1)
  })
})

describe('log', () => {
  test('gaps, reads outside and cuts beyond the end are errors', () => {
    const log = new LogImage(begin, [entry(2), entry(3)])
    expect(() => log.append([entry(5)])).toThrow('append of 5 behind 3')
    expect(() => log.term(1 as never)).toThrow('outside')
    expect(() => log.entries(2 as never, 9 as never, 100)).toThrow('ends at 3')
    expect(() => log.cut({ ...begin, index: 4 } as never)).toThrow('cut at 4')
  })

  test('an installed snapshot keeps what follows it only where the log agrees', () => {
    const log = (): LogImage => new LogImage(begin, [entry(2), entry(3), entry(4)])
    const agreeing = log()
    agreeing.install({ ...begin, index: 3, term: 1 } as never)
    expect(agreeing.last).toBe(4)
    const parted = log()
    parted.install({ ...begin, index: 3, term: 2 } as never)
    expect([parted.last, parted.lastTerm]).toEqual([3, 2])
  })
})

test('a trace hash depends on every word and on time', () => {
  const hash = (lines: (number | string)[][], now = 1): string => {
    const trace = new Trace({ now }, null)
    for (const [name, ...words] of lines) trace.add(String(name), ...words)
    return trace.hash
  }
  const one = hash([
    ['send', 1, 'a'],
    ['apply', 2],
  ])
  expect(
    hash([
      ['send', 1, 'a'],
      ['apply', 2],
    ]),
  ).toBe(one)
  const others = [
    hash([
      ['send', 1, 'b'],
      ['apply', 2],
    ]),
    hash([
      ['apply', 2],
      ['send', 1, 'a'],
    ]),
    hash([
      ['send', 1, 'a'],
      ['apply', 3],
    ]),
    hash(
      [
        ['send', 1, 'a'],
        ['apply', 2],
      ],
      2,
    ),
    hash([
      ['send', 1 + 2 ** 33, 'a'],
      ['apply', 2],
    ]),
  ]
  expect(new Set([one, ...others]).size).toBe(6)
})
