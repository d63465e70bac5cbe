import { electionsMutants } from './mutants/elections.ts'
import { logMutants } from './mutants/log.ts'
import { membershipMutants } from './mutants/membership.ts'
import type { Mutant } from './mutants/mutant.ts'
import { readsMutants } from './mutants/reads.ts'

export type { Mutant } from './mutants/mutant.ts'

/** All known bugs that can be put into the core. */
export const mutants: readonly Mutant[] = [...electionsMutants, ...readsMutants, ...membershipMutants, ...logMutants]
