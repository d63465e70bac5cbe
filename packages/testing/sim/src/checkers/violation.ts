/** A broken promise of the system under test, seen from outside. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Which checker saw it. */
  readonly checker: string

  constructor(checker: string, message: string) {
    super(message)
    this.checker = checker
  }
}

/** Throws a Violation when `holds` is false. */
export function must(checker: string, holds: boolean, message: () => string): void {
  if (!holds) throw new Violation(checker, message())
}
