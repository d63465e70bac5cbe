/**
 * What a range says of its load, for whoever decides about splits. Taken over one window of five seconds, of which the
 * last whole one counts; a range without load says nothing.
 */
export const HINT_WINDOW_MS = 5_000

/** Load by the changes of state, and by the queries. The names are the reference system's. */
export type SplitHintType = 'kv_io_mutation' | 'kv_io_query'

export interface SplitLoad {
  /**
   * Accesses of keys by one request, rounded up. A request is a log entry here, since its commands are applied in one go:
   * the more writers there are, the more commands ride in one entry, so this grows with the load. For queries: by one query.
   */
  readonly ioDensity: number
  /** Time of one access of a key; above some 30 µs it is the disk that is slow, and splitting would not help. */
  readonly ioLatencyNanos: number
  /** Time of one request, from its first access to its last. */
  readonly avgLatencyNanos: number
  /** Pairs read and written in the window, and the bytes of their keys and values. */
  readonly reads: number
  readonly writes: number
  readonly bytes: number
  /** Different keys among those looked at, at most 128: 1 is one hot key, which no split spreads. */
  readonly keys: number
}

export interface SplitHint {
  readonly type: SplitHintType
  readonly load: SplitLoad
  /** Where the load is cut into halves, aligned as the service wants it; null when nowhere inside the range. */
  readonly splitKey: Uint8Array | null
}
