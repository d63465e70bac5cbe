/**
 * The one error class for what can go wrong outside the code itself, and the one table from its codes to gRPC status,
 * HTTP status and exit code. A broken invariant is an AssertionError; an expected refusal inside a module is a returned
 * union; everything that crosses a process or reaches a user is a KvError.
 */

/** What the caller may conclude: `no` is certainly not applied, `unknown` may or may not have been applied. */
export type Applied = 'no' | 'unknown'

interface CodeRow {
  readonly grpc: number
  readonly http: number
  readonly exit: number
  readonly applied: Applied
  /** Whether the same request may be sent again without harm and with hope. */
  readonly retry: boolean
}

// gRPC status numbers: https://grpc.io/docs/guides/status-codes/ (2 UNKNOWN, 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED,
// 5 NOT_FOUND, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION, 10 ABORTED, 12 UNIMPLEMENTED, 13 INTERNAL, 14 UNAVAILABLE,
// 15 DATA_LOSS, 16 UNAUTHENTICATED, 1 CANCELLED).
const table = {
  /** The request itself is wrong; sending it again cannot help. */
  BadRequest: { grpc: 3, http: 400, exit: 2, applied: 'no', retry: false },
  /** The absent key, store, range or member. */
  NotFound: { grpc: 5, http: 404, exit: 3, applied: 'no', retry: false },
  /** The range has changed since the caller looked; the newest descriptor comes along. */
  BadVersion: { grpc: 9, http: 409, exit: 1, applied: 'no', retry: true },
  /** Not now: no leader, a full queue, a transfer under way. */
  TryLater: { grpc: 14, http: 503, exit: 69, applied: 'no', retry: true },
  /** The disk is nearly full: writes are refused, reads go on. */
  NoSpace: { grpc: 8, http: 507, exit: 1, applied: 'no', retry: false },
  /** The outcome cannot be known: the leader was deposed, or an answer was lost. */
  OutcomeUnknown: { grpc: 2, http: 504, exit: 75, applied: 'unknown', retry: false },
  /** The deadline passed first. A write may or may not have been applied. */
  DeadlineExceeded: { grpc: 4, http: 504, exit: 75, applied: 'unknown', retry: false },
  /** Nothing answered at the address: nothing was sent. */
  Unreachable: { grpc: 14, http: 503, exit: 69, applied: 'no', retry: true },
  /** Stored bytes failed their checksum. */
  Corrupt: { grpc: 15, http: 500, exit: 74, applied: 'unknown', retry: false },
  /** A storage write failed: the process stops. */
  StorageFailed: { grpc: 13, http: 500, exit: 74, applied: 'unknown', retry: false },
  /** Configuration, port, or data folder. */
  BadConfig: { grpc: 9, http: 500, exit: 78, applied: 'no', retry: false },
  /** The caller gave up. */
  Cancelled: { grpc: 1, http: 499, exit: 130, applied: 'unknown', retry: false },
  /** Certificates do not fit. */
  Unauthenticated: { grpc: 16, http: 401, exit: 78, applied: 'no', retry: false },
  /** This build has no such method. */
  Unimplemented: { grpc: 12, http: 501, exit: 1, applied: 'no', retry: false },
  /** A bug or a fault without a better name. */
  InternalError: { grpc: 13, http: 500, exit: 1, applied: 'unknown', retry: false },
} as const satisfies Record<string, CodeRow>

export type KvErrorCode = keyof typeof table

/** The row of a code. */
export const errorCodes: Readonly<Record<KvErrorCode, CodeRow>> = table

export interface KvErrorOptions {
  /** What to do next, one sentence; shown after the message. */
  readonly hint?: string
  readonly cause?: unknown
}

export class KvError extends Error {
  override readonly name = 'KvError'
  readonly code: KvErrorCode
  readonly hint: string | undefined

  constructor(code: KvErrorCode, message: string, options: KvErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }

  get applied(): Applied {
    return errorCodes[this.code].applied
  }

  get retry(): boolean {
    return errorCodes[this.code].retry
  }
}

/** Wraps anything thrown; a KvError stays itself. */
export function toKvError(thrown: unknown): KvError {
  if (thrown instanceof KvError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new KvError('InternalError', message, { cause: thrown })
}
