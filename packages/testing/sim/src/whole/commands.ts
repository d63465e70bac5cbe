import type { Mutant } from '../mutants.ts'
import { StoreCoverage } from './coverage.ts'
import { runStoresSeed, type StoresResult } from './run.ts'

interface Seeds {
  readonly seeds: number
  readonly from: number
}

/** Many seeds added up. */
interface Sums {
  seeds: number
  events: number
  simulatedMs: number
  operations: number
  comparisons: number
  recoveryTimeoutsMax: number
  readonly coverage: StoreCoverage
  readonly violations: StoresResult[]
}

/** How a failing seed is had again. */
const replayCommand = (seed: number): string => `npm run sim -- --stores --seeds 1 --from ${seed} --trace`

/** Runs seeds from, from + 1, …; `each` sees every result and may stop the sweep by answering false. */
async function sweepStores({ from, seeds }: Seeds, each: (sums: Sums, result: StoresResult) => boolean): Promise<Sums> {
  const coverage = new StoreCoverage()
  const sums: Sums = {
    seeds: 0,
    events: 0,
    simulatedMs: 0,
    operations: 0,
    comparisons: 0,
    recoveryTimeoutsMax: 0,
    coverage,
    violations: [],
  }
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runStoresSeed(seed)
    sums.seeds++
    sums.events += result.events
    sums.simulatedMs += result.simulatedMs
    sums.operations += result.operations
    sums.comparisons += result.comparisons
    sums.recoveryTimeoutsMax = Math.max(sums.recoveryTimeoutsMax, result.recoveryTimeouts)
    coverage.merge(result.coverage)
    if (result.violation) sums.violations.push(result)
    if (!each(sums, result)) break
  }
  return sums
}

/** Runs seeds and prints how it goes. @returns the exit code. */
export async function runStoresSweep(range: Seeds): Promise<number> {
  const begun = performance.now()
  let printed = begun
  const sums = await sweepStores(range, (now, result) => {
    printViolation(result)
    if (performance.now() - printed > 2000) {
      printed = performance.now()
      console.log(
        `${now.seeds}/${range.seeds} seeds, ${now.operations} operations, ${now.events} events, ${now.violations.length} violations`,
      )
    }
    return now.violations.length < 10
  })
  const seconds = (performance.now() - begun) / 1000
  console.log(
    `${sums.seeds} seeds in ${seconds.toFixed(1)} s: ${sums.operations} operations, ${sums.events} events, ` +
      `${(sums.simulatedMs / 1000).toFixed(0)} simulated seconds, ${sums.comparisons} states compared, ` +
      `slowest recovery ${sums.recoveryTimeoutsMax.toFixed(0)} election timeouts`,
  )
  console.log([...sums.coverage.counts].map(([name, count]) => `${name} ${count}`).join(', '))
  const { missing } = sums.coverage
  if (missing.length > 0) console.log(`never happened: ${missing.join(', ')}`)
  console.log(`${sums.violations.length} violations`)
  return sums.violations.length === 0 ? 0 : 1
}

/** Runs seeds and prints their sums as one line of JSON. @returns the exit code. */
export async function printStoresJson(range: Seeds): Promise<number> {
  const { coverage, violations, ...sums } = await sweepStores(range, () => true)
  const broken = violations.map(({ seed, violation }) => ({ seed, ...violation, replay: replayCommand(seed) }))
  const counts = Object.fromEntries(coverage.counts)
  console.log(JSON.stringify({ ...sums, violations: broken, missing: coverage.missing, coverage: counts }))
  return broken.length === 0 ? 0 : 1
}

/** Runs seeds until one catches the mutant, and prints a line of JSON. @returns 0 when it was caught. */
export async function runStoresMutant(mutant: Mutant, range: Seeds): Promise<number> {
  const { seeds, violations } = await sweepStores(range, (_, result) => result.violation === null)
  const [caught] = violations
  const { checker = null, message = null } = caught?.violation ?? {}
  console.log(JSON.stringify({ id: mutant.id, seeds, seed: caught?.seed ?? null, checker, message }))
  return caught ? 0 : 1
}

/** Prints every event of one seed. */
export async function runStoresTrace({ from }: Seeds): Promise<number> {
  const result = await runStoresSeed(from, (line) => process.stdout.write(`${line}\n`))
  console.log(`hash ${result.hash}, ${result.events} events`)
  printViolation(result)
  return result.violation ? 1 : 0
}

function printViolation({ seed, violation }: StoresResult): void {
  if (!violation) return
  console.log(`seed ${seed} violates '${violation.checker}' at ${violation.atMs.toFixed(3)} ms: ${violation.message}`)
  console.log(`replay: ${replayCommand(seed)}`)
}
