import { expect, test } from '@jest/globals'
import { runSeed } from '../src/index.ts'
import { sim } from './sim-command.ts'

test('the same seed gives the same trace, byte for byte', () => {
  for (const seed of [3, 17]) {
    const trace = (): { text: string; hash: string } => {
      const lines: string[] = []
      const { hash } = runSeed(seed, (line) => lines.push(line))
      return { text: lines.join('\n'), hash }
    }
    const first = trace()
    const second = trace()
    expect(second.hash).toBe(first.hash)
    expect(second.text).toBe(first.text)
    expect(first.text.length).toBeGreaterThan(10_000)
    // Without lines the run is the same one.
    expect(runSeed(seed).hash).toBe(first.hash)
  }
  expect(runSeed(3).hash).not.toBe(runSeed(17).hash)
})

test('seeds 1 to 400 break no promise, and come across every fault and situation', async () => {
  const { out } = await sim('--seeds', '400', '--json')
  const sweep = JSON.parse(out) as {
    readonly seeds: number
    readonly committed: number
    readonly violations: readonly object[]
    readonly missing: readonly string[]
  }
  expect(sweep.violations).toEqual([])
  expect(sweep.missing).toEqual([])
  expect(sweep.seeds).toBe(400)
  expect(sweep.committed).toBeGreaterThan(50_000)
  console.info(out)
}, 300_000)
