/** A known bug: a rewrite of one place in one source file of the Raft core. */
export interface Mutant {
  readonly id: string
  /** Numbers in the catalogue of Raft bugs (docs). */
  readonly catalogue: string
  /** What the bug does, in a few words. */
  readonly bug: string
  /** In packages/base-kv/raft/src. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The first seed, from 1, that catches it. */
  readonly seed: number
}

export const mutants: readonly Mutant[] = []
