/** Random clusters in which stores come, die and come back: balancers together always come to rest, and do no harm. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { initialRules } from '@base-kv/runtime'
import { rangeLeader, replicaCount, replicaCountRules } from '../src/index.ts'
import { leaderCounts, Looking, Model, spread, voterCounts } from './model.ts'

const event = fc.record({
  store: fc.integer({ min: 1, max: 8 }),
  dies: fc.boolean(),
  afterMs: fc.integer({ min: 0, max: 200_000 }),
})
const cluster = fc.record({
  stores: fc.integer({ min: 1, max: 8 }),
  ranges: fc.integer({ min: 1, max: 40 }),
  learners: fc.constantFrom(-1, 0, 1),
  seed: fc.array(fc.nat(7), { minLength: 3, maxLength: 3 }),
  events: fc.array(event, { maxLength: 6 }),
})

test('come to rest, even, with no range below what it had', () => {
  fc.assert(
    fc.property(cluster, ({ stores, ranges, learners, seed, events }) => {
      const model = new Model(stores)
      model.addRanges(ranges, (i) => [
        ...new Set(seed.slice(0, 1 + (i % 3)).map((n) => 1 + ((n + i * seed.length) % stores))),
      ])
      const specs = replicaCountRules({ votersPerRange: 3, learnersPerRange: learners })
      const counts = new Looking(replicaCount, initialRules(specs))
      const leaders = new Looking(rangeLeader, {})
      /** One look of each; what they say is carried out. */
      const step = (): number => {
        let moves = 0
        for (const looking of [counts, leaders]) {
          for (const { command } of looking.look(model).moves) {
            const range = model.ranges.find(({ id }) => command.range === `1_${id}`)
            const before = range === undefined ? 0 : model.healthyVoters(range)
            if (model.carryOut(command)) moves++
            if (range !== undefined) {
              expect(model.healthyVoters(range)).toBeGreaterThanOrEqual(Math.min(before, 3))
              expect(range.voters.filter((n) => range.learners.includes(n))).toEqual([])
            }
          }
        }
        model.nowMs += 1_000
        return moves
      }
      for (const { store, dies, afterMs } of events) {
        for (let ms = 0; ms < afterMs; ms += 20_000) {
          step()
          model.nowMs += 19_000
        }
        // Never a majority of all at once: those are for an operator.
        if (dies && model.stores.size > 3 && model.stores.has(store)) model.kill(store)
        else if (!dies && !model.stores.has(store)) model.addStore(store)
      }
      const quietMs = model.nowMs + 700_000
      while (model.nowMs < quietMs) {
        step()
        model.nowMs += 30_000
      }
      let moved = 0
      for (let i = 0; i < 5; i++) {
        moved += step()
        model.nowMs += 60_000
      }
      expect(moved).toBe(0)
      const served = model.ranges.filter(({ leader }) => leader !== 0)
      const wanted = Math.min(3, model.stores.size)
      for (const range of served) expect(model.healthyVoters(range)).toBe(wanted)
      if (served.length === model.ranges.length && model.stores.size >= 3) {
        expect(spread(voterCounts(model))).toBeLessThanOrEqual(1)
        expect(spread(leaderCounts(model))).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 40 },
  )
})
