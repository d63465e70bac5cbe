import { describe, expect, test } from '@jest/globals'
import { logIndex, term } from '@base-kv/base'
import { type Entry, EntryType, type LogReader } from '@base-kv/raft'
import { ApplyQueue } from '../src/apply-queue.ts'

const entry = (index: number): Entry => ({
  index: logIndex(index),
  term: term(1),
  type: EntryType.command,
  data: new Uint8Array(10),
})
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i))

class Log implements LogReader {
  reads = 0
  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    this.reads++
    return entries(from, Math.min(to, from + Math.max(1, Math.floor(bytesMax / 10)) - 1))
  }
  term() {
    return term(1)
  }
}

function takeAll(queue: ApplyQueue, from: number): number[] {
  const taken: number[] = []
  for (let applied = from; ; applied++) {
    const next = queue.next(logIndex(applied))
    if (!next) return taken
    taken.push(next.index)
    queue.took(next)
  }
}

describe('committed entries on their way to the state machine', () => {
  test('come in order, from memory as long as they fit', () => {
    const log = new Log()
    const queue = new ApplyQueue(log, logIndex(4), 1000)
    expect(queue.next(logIndex(4))).toBeUndefined()
    queue.push([])
    queue.push(entries(5, 8))
    queue.push(entries(9, 9))
    const first = queue.next(logIndex(4))!
    queue.took(first)
    queue.push(entries(10, 12))
    expect([first.index, ...takeAll(queue, 5)]).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    expect(log.reads).toBe(0)
  })

  test('are read again from the log when too many wait', () => {
    const log = new Log()
    const queue = new ApplyQueue(log, logIndex(0), 100)
    for (let from = 1; from <= 1000; from += 5) queue.push(entries(from, from + 4))
    expect(takeAll(queue, 0)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(log.reads).toBeGreaterThan(50)
    queue.push(entries(1001, 1002))
    expect(takeAll(queue, 1000)).toEqual([1001, 1002])
  })

  test('behind a gap that stands in the log stay in order', () => {
    const queue = new ApplyQueue(new Log(), logIndex(0), 50)
    queue.push(entries(1, 6))
    queue.push(entries(7, 9))
    // Room again, but 7 to 9 are only in the log.
    const taken: number[] = []
    for (let i = 0; i < 4; i++) {
      const next = queue.next(logIndex(i))!
      taken.push(next.index)
      queue.took(next)
    }
    queue.push(entries(10, 11))
    expect([...taken, ...takeAll(queue, 4)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('up to a snapshot are forgotten', () => {
    const queue = new ApplyQueue(new Log(), logIndex(0), 1000)
    queue.push(entries(1, 10))
    queue.skipTo(logIndex(50))
    expect(queue.next(logIndex(50))).toBeUndefined()
    queue.push(entries(51, 52))
    expect(takeAll(queue, 50)).toEqual([51, 52])
  })
})
