import { expect, test } from '@jest/globals'
import { sim } from './sim-command.ts'

test('the same seed gives the same trace of whole stores, byte for byte', async () => {
  const [first, second, other] = await Promise.all(
    ['5', '5', '7'].map((seed) => sim('--stores', '--seeds', '1', '--from', seed, '--trace')),
  )
  expect(first?.out.trim().split('\n').at(-1)).toMatch(/^hash [0-9a-f]{16}, \d+ events$/)
  expect(first?.out.length).toBeGreaterThan(50_000)
  expect(second?.out).toBe(first?.out)
  expect(other?.out).not.toBe(first?.out)
}, 120_000)

test('seeds 1 to 24 of whole stores break no promise', async () => {
  const { out } = await sim('--stores', '--seeds', '24', '--json')
  const sums = JSON.parse(out) as { readonly operations: number; readonly violations: readonly object[] }
  expect(sums.violations).toEqual([])
  expect(sums.operations).toBeGreaterThan(2_000)
  console.info(out)
}, 300_000)

test.each([
  ['a merge that was given up is told to a right range that other stores lead', '1157'],
  ['an empty replica on a store that holds nothing else hears that it is no member', '1275'],
  ['a replica of a merged range goes also when its own store leads who has the keys now', '9355'],
])(
  '%s (seed %s)',
  async (_, seed) => {
    const { out } = await sim('--stores', '--seeds', '1', '--from', seed, '--json')
    expect((JSON.parse(out) as { readonly violations: readonly object[] }).violations).toEqual([])
  },
  60_000,
)
