import { Coverage } from './faults.ts'
import { runSeed, type SeedResult } from './run.ts'

/** Many seeds added up. */
export interface Sweep {
  seeds: number
  events: number
  simulatedMs: number
  committed: number
  acknowledged: number
  elections: number
  /** The slowest way back to health, in election timeouts. */
  recoveryTimeoutsMax: number
  readonly coverage: Coverage
  readonly violations: SeedResult[]
}

/** Runs seeds from, from + 1, …; `each` sees every result and may stop the sweep by answering false. */
export function sweepSeeds(from: number, count: number, each: (sweep: Sweep, result: SeedResult) => boolean): Sweep {
  const sweep: Sweep = {
    seeds: 0,
    events: 0,
    simulatedMs: 0,
    committed: 0,
    acknowledged: 0,
    elections: 0,
    recoveryTimeoutsMax: 0,
    coverage: new Coverage(),
    violations: [],
  }
  for (let seed = from; seed < from + count; seed++) {
    const result = runSeed(seed)
    sweep.seeds++
    sweep.events += result.events
    sweep.simulatedMs += result.simulatedMs
    sweep.committed += result.committed
    sweep.acknowledged += result.acknowledged
    sweep.elections += result.elections
    sweep.recoveryTimeoutsMax = Math.max(sweep.recoveryTimeoutsMax, result.recoveryTimeouts)
    sweep.coverage.merge(result.coverage)
    if (result.violation) sweep.violations.push(result)
    if (!each(sweep, result)) break
  }
  return sweep
}
