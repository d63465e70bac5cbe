import { describe, expect, test } from '@jest/globals'
import { initialRules, problemsOf } from '@base-kv/runtime'
import { replicaCount, replicaCountRules } from '../src/index.ts'
import { Looking, Model, spread, voterCounts } from './model.ts'

const specs = replicaCountRules({ votersPerRange: 3, learnersPerRange: 0 })
const rules = (changed: Record<string, number> = {}) => ({ ...initialRules(specs), ...changed })
const looking = (changed?: Record<string, number>) => new Looking(replicaCount, rules(changed))
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)

describe('replica count balancer: what is missing', () => {
  test('one voter becomes three', () => {
    const model = new Model(3)
    model.addRanges(1, () => [1])
    expect(looking().settle(model)).toBe(1)
    expect(sorted(model.range(1).voters)).toEqual([1, 2, 3])
  })

  test('a learner becomes the voter that is missing: it has the log already', () => {
    const model = new Model(5)
    model.addRanges(
      1,
      () => [1, 2],
      () => [5],
    )
    looking().settle(model)
    expect(sorted(model.range(1).voters)).toEqual([1, 2, 5])
    expect(model.range(1).learners).toEqual([])
  })

  test('learners -1: one on every other live store, and on one that comes later', () => {
    const model = new Model(5)
    model.addRanges(1, () => [1, 2, 3])
    const look = looking({ learnersPerRange: -1 })
    look.settle(model)
    expect(sorted(model.range(1).learners)).toEqual([4, 5])
    model.addStore(6)
    look.settle(model)
    expect(sorted(model.range(1).learners)).toEqual([4, 5, 6])
  })

  test('too many voters: the leader stays', () => {
    const model = new Model(5)
    model.addRanges(1, () => [3, 1, 2, 4, 5])
    looking().settle(model)
    expect(model.range(1).voters).toHaveLength(3)
    expect(model.range(1).voters).toContain(3)
    expect(model.range(1).leader).toBe(3)
  })

  test('fewer stores than voters wanted: as many as there are', () => {
    const model = new Model(2)
    model.addRanges(1, () => [1])
    looking().settle(model)
    expect(sorted(model.range(1).voters)).toEqual([1, 2])
  })
})

describe('replica count balancer: dead stores', () => {
  test('a restart moves no data: only after the grace period is a voter replaced', () => {
    const model = new Model(4)
    model.addRanges(1, () => [1, 2, 3])
    const look = looking()
    look.look(model)
    model.kill(3)
    const first = look.look(model)
    expect(first.moves).toEqual([])
    expect(first.waitMs).toBe(60_000)
    model.nowMs += 59_999
    expect(look.look(model).moves).toEqual([])
    model.nowMs += 1
    expect(look.look(model).moves).toHaveLength(1)
    look.settle(model)
    expect(sorted(model.range(1).voters)).toEqual([1, 2, 4])
  })

  test('the landscape changing all the time does not put the replacement off', () => {
    const model = new Model(4)
    model.addRanges(1, () => [1, 2, 3])
    const look = looking()
    look.look(model)
    model.kill(3)
    let asked = 0
    while (look.look(model).moves.length === 0) {
      model.nowMs += 1_000
      model.range(1).size++
      asked++
    }
    expect(asked).toBe(60)
  })

  test('without a store to replace it, the dead voter stays a member', () => {
    const model = new Model(3)
    model.addRanges(1, () => [1, 2, 3])
    const look = looking()
    look.look(model)
    model.kill(3)
    look.look(model)
    model.nowMs += 600_000
    expect(look.look(model).moves).toEqual([])
    expect(model.range(1).voters).toEqual([1, 2, 3])
  })

  test('a store that flaps is given nothing', () => {
    const model = new Model(4)
    model.addRanges(1, () => [1, 2, 3])
    const look = looking()
    look.look(model)
    for (let i = 0; i < 3; i++) {
      model.kill(4)
      look.look(model)
      model.nowMs += 5_000
      model.addStore(4)
      look.look(model)
      model.nowMs += 5_000
    }
    model.kill(3)
    look.look(model)
    model.nowMs += 61_000
    expect(look.look(model).moves).toEqual([])
    model.nowMs += 600_000
    expect(look.look(model).moves).toHaveLength(1)
  })

  test('voters do not go 3, 2, 3 while a store comes and goes', () => {
    const model = new Model(4)
    model.addRanges(5, (i) => [(i % 3) + 1, ((i + 1) % 3) + 1, ((i + 2) % 3) + 1])
    const look = looking()
    look.settle(model, 60_000)
    const ver = model.ranges.map((range) => range.ver)
    for (let i = 0; i < 20; i++) {
      model.kill(2)
      look.look(model)
      model.nowMs += 20_000
      expect(look.look(model).moves).toEqual([])
      model.addStore(2)
      look.look(model)
      model.nowMs += 20_000
      expect(look.look(model).moves).toEqual([])
    }
    expect(model.ranges.map((range) => range.ver)).toEqual(ver)
  })
})

describe('replica count balancer: evenness', () => {
  test('a fourth store gets its share of thirty ranges, by as few moves as can be', () => {
    const model = new Model(3)
    model.addRanges(30, () => [1, 2, 3])
    const look = looking()
    look.settle(model)
    model.addStore(4)
    // 90 voters on 4 stores: 22 go to the new one.
    expect(look.settle(model)).toBeLessThanOrEqual(Math.ceil(22 * 1.2))
    expect(spread(voterCounts(model))).toBeLessThanOrEqual(1)
  })

  test('learners on every store do not stop voters from spreading', () => {
    const model = new Model(3)
    model.addRanges(30, () => [1, 2, 3])
    const look = looking({ learnersPerRange: -1 })
    look.settle(model)
    model.addStore(4)
    look.settle(model)
    expect(spread(voterCounts(model))).toBeLessThanOrEqual(1)
    for (const { voters, learners } of model.ranges) expect(sorted([...voters, ...learners])).toEqual([1, 2, 3, 4])
  })

  test('learners too: two, none, none becomes one, one, none', () => {
    const model = new Model(4)
    model.addRanges(
      2,
      () => [1],
      () => [2],
    )
    looking({ votersPerRange: 1, learnersPerRange: 1 }).settle(model)
    expect(new Set(model.ranges.flatMap(({ learners }) => learners)).size).toBe(2)
  })

  test('voters of one range stand in different zones', () => {
    const model = new Model(0)
    for (let n = 1; n <= 6; n++) model.addStore(n, `zone-${(n - 1) % 3}`)
    model.addRanges(12, () => [1, 4, 2])
    looking().settle(model)
    for (const { voters } of model.ranges) expect(new Set(voters.map((n) => (n - 1) % 3)).size).toBe(3)
    expect(spread(voterCounts(model))).toBeLessThanOrEqual(1)
  })

  test('a full disk takes no replica', () => {
    const model = new Model(4)
    model.addRanges(8, () => [1, 2, 3])
    const full = model.stores.get(4)
    if (full) full.free = 0.05
    expect(looking().settle(model)).toBe(0)
  })
})

describe('rules', () => {
  test.each([
    [{ votersPerRange: 2 }, 'votersPerRange', '2', 'an odd whole number from 1 to 15'],
    [{ votersPerRange: 1.5 }, 'votersPerRange', '1.5', 'an odd whole number from 1 to 15'],
    [{ votersPerRange: '3' }, 'votersPerRange', '"3"', 'an odd whole number from 1 to 15'],
    [{ votersPerRange: Number.NaN }, 'votersPerRange', 'NaN', 'an odd whole number from 1 to 15'],
    [{ votersPerRange: 1e9 + 1 }, 'votersPerRange', '1000000001', 'an odd whole number from 1 to 15'],
    [{ learnersPerRange: -2 }, 'learnersPerRange', '-2', 'a whole number from -1 to 1000000000000000'],
    [{ voters: 3 }, 'voters', '3', 'one of votersPerRange, learnersPerRange, replaceDeadAfterMs'],
  ])('%j is refused', (given, key, shown, allowed) => {
    expect(problemsOf(specs, given)).toEqual([{ key, given: shown, allowed }])
  })

  test('1 equals 1.0, and a part of the rules will do', () => {
    expect(problemsOf(specs, JSON.parse('{"votersPerRange": 1.0}') as Record<string, unknown>)).toEqual([])
  })
})
