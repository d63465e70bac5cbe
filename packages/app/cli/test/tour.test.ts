import { expect, test } from '@jest/globals'
import { verdict } from '../src/tour/tour.ts'

const outcome = { gaps: [600, 700, 2_100], minimumMs: 500, lost: 0, acknowledged: 5_000, unknown: 3, busyBefore: 0.05 }

test('the verdict names median and worst as multiples, and passes when nothing is lost', () => {
  const text = verdict({ ...outcome, busyDuring: 0.4 })
  expect(text).toContain('median   700 ms = 1.40 × the shortest election time-out, within 1.5 ×')
  expect(text).toContain('2100 ms = 4.20 × the shortest election time-out, OVER 4 ×')
  expect(text).toContain('otherwise idle')
  expect(text.trimEnd()).toMatch(
    /^verdict: PASS nothing acknowledged was lost \(5000 acknowledged, 3 with unknown.*3 kills\)$/m,
  )
})

test('a lost write fails it', () => {
  expect(verdict({ ...outcome, lost: 2, busyDuring: 0.4 })).toContain('verdict: FAIL 2 acknowledged writes were lost')
})
