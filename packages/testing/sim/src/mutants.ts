import { electionsMutants } from './mutants/elections.ts'
import { logMutants } from './mutants/log.ts'
import { membershipMutants } from './mutants/membership.ts'
import type { Mutant } from './mutants/mutant.ts'
import { readsMutants } from './mutants/reads.ts'
import { splitMergeMutants } from './mutants/split-merge.ts'
import { stateMutants } from './mutants/state.ts'

export type { Mutant } from './mutants/mutant.ts'

/** All known bugs that can be put in. */
export const mutants: readonly Mutant[] = [
  ...electionsMutants,
  ...readsMutants,
  ...membershipMutants,
  ...logMutants,
  ...splitMergeMutants,
  ...stateMutants,
]
