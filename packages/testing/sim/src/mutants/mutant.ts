/** A known bug: a rewrite of one or two places in the sources of the Raft core. */
export interface Mutant {
  readonly id: string
  /** Numbers in the catalogue of Raft bugs of real systems, or neighbours of them. */
  readonly catalogue: string
  /** What the bug does, in a few words. */
  readonly bug: string
  readonly edits: readonly Edit[]
  /** The first seed, from 1, that catches it. */
  readonly seed: number
}

export interface Edit {
  /** In packages/base-kv/raft/src. */
  readonly file: string
  readonly find: string
  readonly replace: string
}
