import type { Mutant } from './mutants.ts'
import { runSeed, type SeedResult } from './run.ts'
import { sweepSeeds, type Sweep } from './sweep.ts'

interface Range {
  readonly seeds: number
  readonly from: number
}

/** How a failing seed is had again. */
const replayCommand = (seed: number): string => `npm run sim -- --seeds 1 --from ${seed} --trace`

/** Runs seeds and prints how it goes. @returns the exit code. */
export function runSweep({ from, seeds }: Range): number {
  const begun = performance.now()
  let printed = begun
  const sweep = sweepSeeds(from, seeds, (now, result) => {
    if (result.violation) printViolation(result)
    if (performance.now() - printed > 2000) {
      printed = performance.now()
      console.log(`${now.seeds}/${seeds} seeds, ${now.events} events, ${now.violations.length} violations`)
    }
    return now.violations.length < 10
  })
  printSweep(sweep, performance.now() - begun)
  return sweep.violations.length === 0 ? 0 : 1
}

/** Runs seeds and prints their sums as one line of JSON. @returns the exit code. */
export function printJson({ from, seeds }: Range): number {
  const { coverage, violations, ...sums } = sweepSeeds(from, seeds, () => true)
  const broken = violations.map(({ seed, violation }) => ({ seed, ...violation, replay: replayCommand(seed) }))
  const counts = Object.fromEntries(coverage.counts)
  console.log(JSON.stringify({ ...sums, violations: broken, missing: coverage.missing, coverage: counts }))
  return broken.length === 0 ? 0 : 1
}

/** Prints every event of one seed. */
export function runTrace({ from }: Range): number {
  const result = runSeed(from, (line) => process.stdout.write(`${line}\n`))
  console.log(`hash ${result.hash}, ${result.events} events`)
  if (result.violation) printViolation(result)
  return result.violation ? 1 : 0
}

/** Runs seeds until one catches the mutant, and prints a line of JSON. @returns 0 when it was caught. */
export function runMutant(mutant: Mutant, { from, seeds }: Range): number {
  const sweep = sweepSeeds(from, seeds, (_, result) => result.violation === null)
  const [caught] = sweep.violations
  console.log(
    JSON.stringify({
      id: mutant.id,
      seeds: sweep.seeds,
      seed: caught?.seed ?? null,
      checker: caught?.violation?.checker ?? null,
      message: caught?.violation?.message ?? null,
    }),
  )
  return caught ? 0 : 1
}

/** The sums of a sweep, as lines for people. */
function printSweep(sweep: Sweep, tookMs: number): void {
  const seconds = tookMs / 1000
  console.log(
    `${sweep.seeds} seeds in ${seconds.toFixed(1)} s: ${sweep.events} events (${Math.round(sweep.events / seconds)} a second), ` +
      `${(sweep.simulatedMs / 1000).toFixed(0)} simulated seconds, ${sweep.elections} elections, ${sweep.committed} entries committed, ` +
      `${sweep.acknowledged} writes acknowledged, slowest recovery ${sweep.recoveryTimeoutsMax.toFixed(1)} election timeouts`,
  )
  console.log([...sweep.coverage.counts].map(([name, count]) => `${name} ${count}`).join(', '))
  const { missing } = sweep.coverage
  if (missing.length > 0) console.log(`never happened: ${missing.join(', ')}`)
  console.log(`${sweep.violations.length} violations`)
}

function printViolation({ seed, violation }: SeedResult): void {
  if (!violation) return
  console.log(`seed ${seed} violates '${violation.checker}' at ${violation.atMs.toFixed(3)} ms: ${violation.message}`)
  console.log(`replay: ${replayCommand(seed)}`)
}
