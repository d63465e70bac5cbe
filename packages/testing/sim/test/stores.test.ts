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
