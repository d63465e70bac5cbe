import { describe, expect, test } from '@jest/globals'
import { mutants, runSeed } from '../src/index.ts'
import { runMutants } from '../src/mutant-table.ts'

describe('the test of the tests', () => {
  test('every known bug, put into the core, is caught by its recorded seed, and only the bug is to blame', async () => {
    expect(mutants.length).toBeGreaterThanOrEqual(12)
    const survivors: string[] = []
    await runMutants(
      // Whole stores are much code, and every change of it moves their seeds: a few more may be tried.
      ({ seed, inStores }) => ({ from: seed, seeds: inStores ? 40 : 1 }),
      2,
      (mutant, { seed }) => {
        if (seed === null) survivors.push(mutant.id)
      },
    )
    expect(survivors).toEqual([])
    const blamed = [...new Set(mutants.filter(({ inStores }) => !inStores).map(({ seed }) => seed))].filter(
      (seed) => runSeed(seed).violation,
    )
    expect(blamed).toEqual([])
    expect(Math.max(...mutants.map(({ seed }) => seed))).toBeLessThanOrEqual(2000)
  }, 600_000)

  test('ids are unique and catalogue numbers are given', () => {
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
    for (const { catalogue } of mutants) expect(catalogue).toMatch(/^\d+(, \d+)*$/)
  })
})
