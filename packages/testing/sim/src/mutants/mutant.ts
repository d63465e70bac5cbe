/** A known bug: a rewrite of one or two places in the sources of the Raft core, or of what whole stores are made of. */
export interface Mutant {
  readonly id: string
  /** Numbers in the catalogue of Raft bugs of real systems, or neighbours of them. */
  readonly catalogue: string
  /** What the bug does, in a few words. */
  readonly bug: string
  readonly edits: readonly Edit[]
  /** Looked for among whole stores instead of bare cores. */
  readonly inStores?: true
  /** The first seed, from 1, that catches it. */
  readonly seed: number
}

export interface Edit {
  /** Of @base-kv; raft unless given. */
  readonly package?: string
  /** In the package's src. */
  readonly file: string
  readonly find: string
  readonly replace: string
}
