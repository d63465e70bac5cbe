import { describe, expect, test } from '@jest/globals'
import { rangeLeader } from '../src/index.ts'
import { leaderCounts, Looking, Model, spread, store } from './model.ts'

const everywhere = () => [1, 2, 3]
const looking = () => new Looking(rangeLeader, {})
const busy = (requests: number) => ({
  type: 'kv_io_mutation' as const,
  load: {
    ioDensity: 1,
    ioLatencyNanos: 1,
    avgLatencyNanos: 1,
    reads: 0,
    writes: requests,
    bytes: requests,
    keys: 100,
  },
  splitKey: null,
})

describe('range leader balancer', () => {
  test('thirty ranges led by one store of three end ten and ten and ten, in twenty moves', () => {
    const model = new Model(3)
    model.addRanges(30, everywhere)
    expect(looking().settle(model)).toBe(20)
    expect(leaderCounts(model)).toEqual([10, 10, 10])
  })

  test('what is even stays', () => {
    const model = new Model(3)
    model.addRanges(4, (i) => [(i % 3) + 1, ((i + 1) % 3) + 1, ((i + 2) % 3) + 1])
    expect(looking().settle(model)).toBe(0)
  })

  test('a dead store is never a target, however few it leads', () => {
    const model = new Model(3)
    model.addRanges(3, (i) => [(i % 3) + 1, ((i + 1) % 3) + 1, ((i + 2) % 3) + 1])
    const look = looking()
    look.look(model)
    model.kill(3)
    const { moves } = look.look(model)
    expect(moves.filter(({ command }) => command.kind === 'transferLeader' && command.target === store(3))).toEqual([])
    expect(leaderCounts(model).reduce((a, b) => a + b)).toBe(3)
  })

  test('a voter that is behind is no target until it has caught up', () => {
    const model = new Model(2)
    model.addRanges(2, () => [1, 2])
    for (const { id } of model.ranges) model.behind.add(`${id}/2`)
    expect(looking().look(model).moves).toEqual([])
    model.behind.clear()
    expect(looking().settle(model)).toBe(1)
  })

  test('a store whose disk hangs, or that comes and goes, passes on what it leads', () => {
    const model = new Model(3)
    model.addRanges(3, (i) => [(i % 3) + 1, ((i + 1) % 3) + 1, ((i + 2) % 3) + 1])
    const look = looking()
    look.look(model)
    const hung = model.stores.get(2)
    if (hung) hung.stalledMs = 8_000
    look.settle(model)
    expect(model.ranges.map(({ leader }) => leader)).not.toContain(2)
  })

  test('a learner is no target', () => {
    const model = new Model(2)
    model.addRanges(
      4,
      () => [1],
      () => [2],
    )
    expect(looking().look(model).moves).toEqual([])
  })

  test('a busy range is exchanged for a quiet one, once', () => {
    const model = new Model(2)
    model.addRanges(4, (i) => (i < 2 ? [1, 2] : [2, 1]))
    for (const [i, requests] of [20_000, 19_000, 10, 20].entries()) model.range(i + 1).hints = [busy(requests)]
    expect(looking().settle(model)).toBe(2)
    const load = (n: number) =>
      model.ranges
        .filter(({ leader }) => leader === n)
        .reduce((sum, { hints }) => sum + (hints[0]?.load.writes ?? 0), 0)
    expect([load(1), load(2)].sort((a, b) => b - a)).toEqual([20_010, 19_020])
    expect(leaderCounts(model)).toEqual([2, 2])
  })

  test('one range with all the load does not wander', () => {
    const model = new Model(3)
    model.addRanges(3, (i) => [(i % 3) + 1, ((i + 1) % 3) + 1, ((i + 2) % 3) + 1])
    model.range(1).hints = [busy(100_000)]
    expect(looking().settle(model)).toBe(0)
  })

  test('moves go through stores that have their share, where no voter is shared directly', () => {
    const model = new Model(3)
    // 1 and 3 share no range.
    model.addRanges(9, (i) => (i < 6 ? [1, 2] : [2, 3]))
    looking().settle(model)
    expect(spread(leaderCounts(model))).toBeLessThanOrEqual(1)
  })
})
