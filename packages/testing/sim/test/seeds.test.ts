import { expect, test } from '@jest/globals'
import { replayCommand } from '../src/commands.ts'
import { runSeed, sweepSeeds } from '../src/index.ts'

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

test('seeds 1 to 200 break no promise, and come across every fault and situation', () => {
  const sweep = sweepSeeds(1, 200, () => true)
  const broken = sweep.violations.map(
    ({ seed, violation }) => `${violation?.checker}: ${violation?.message} (${replayCommand(seed)})`,
  )
  expect(broken).toEqual([])
  expect(sweep.seeds).toBe(200)
  expect(sweep.coverage.missing).toEqual([])
  expect(sweep.committed).toBeGreaterThan(10_000)
  console.info(
    `${sweep.seeds} seeds, ${sweep.events} events, ${sweep.elections} elections, ${sweep.committed} entries committed, ` +
      `slowest recovery ${sweep.recoveryTimeoutsMax.toFixed(1)} election timeouts`,
  )
  console.info([...sweep.coverage.counts].map(([name, count]) => `${name} ${count}`).join(', '))
})
