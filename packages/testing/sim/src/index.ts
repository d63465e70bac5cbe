/** testing/sim: the Raft core under a simulated clock, network and disk. Start with run.ts; the command is main.ts. */
export { faults, situations, Coverage, type Fault, type Situation } from './faults.ts'
export { mutants, type Mutant } from './mutants.ts'
export { runSeed, type SeedResult } from './run.ts'
export { sweepSeeds, type Sweep } from './sweep.ts'
