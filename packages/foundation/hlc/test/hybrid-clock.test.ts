import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compareHlc, HybridClock, hlcFromBigint, hlcToBigint } from '@base-kv/hlc'

const at = (walls: number[]) => {
  let i = 0
  return { monotonicMs: () => 0, wallMs: () => walls[Math.min(i++, walls.length - 1)]! }
}

describe('hybrid clock', () => {
  test('stamps grow whatever the wall clock does and whatever is observed', () => {
    const step = fc.oneof(
      fc.constant(null),
      fc.record({ ms: fc.integer({ min: 0, max: 100_000 }), counter: fc.integer({ min: 0, max: 0xffff }) }),
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1 }), fc.array(step), (walls, steps) => {
        const hlc = new HybridClock({}, { clock: at(walls) })
        let last = hlc.now()
        for (const observed of steps) {
          if (observed) expect(hlc.observe(observed)).toBe(true)
          const next = hlc.now()
          expect(compareHlc(next, last)).toBeGreaterThan(0)
          if (observed) expect(compareHlc(next, observed)).toBeGreaterThan(0)
          expect(hlcFromBigint(hlcToBigint(next))).toEqual(next)
          last = next
        }
      }),
    )
  })

  test('a full counter moves the millisecond on, without waiting', () => {
    const hlc = new HybridClock({}, { clock: at([5]) })
    hlc.observe({ ms: 9, counter: 0xffff })
    expect(hlc.now()).toEqual({ ms: 10, counter: 0 })
  })

  test('a stamp from the year 2100 is refused', () => {
    const hlc = new HybridClock({}, { clock: at([1_000_000]) })
    expect(hlc.observe({ ms: 4_102_444_800_000, counter: 0 })).toBe(false)
    expect(hlc.now().ms).toBe(1_000_000)
  })
})
