/** A broken invariant is a bug in base-kv itself: the process must not go on with it. Assertions stay on in production. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws when `condition` does not hold. `message` may be a function, so that a hot path does not build a string. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === 'function' ? message() : message)
}

/** Marks a branch that no value can reach; TypeScript checks that, and the run checks it again. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value ${String(value)}`)
}
