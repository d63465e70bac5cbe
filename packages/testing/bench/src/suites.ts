/** What is measured, and what is aimed at. */

export type CallKind = 'put' | 'get' | 'batch'

/** One row of the table: a kind of call with so many under way. */
export interface Point {
  readonly name: string
  readonly suite: 'put' | 'get' | 'batch'
  readonly kind: CallKind
  /** connections × streams; the same at both systems. */
  readonly connections: number
  readonly streams: number
  /** Puts in one call. */
  readonly opsPerCall: number
  readonly target: Target | null
}

export type Target =
  /** ours/etcd of the throughput, at least `aim`; `floor` is what must not be missed. */
  | { readonly kind: 'throughputRatio'; readonly aim: number; readonly floor: number }
  /** ours/etcd of the median latency, at most. */
  | { readonly kind: 'latencyRatio'; readonly aim: number }

export const BATCH_PUTS = 64

const point = (suite: Point['suite'], connections: number, streams: number, target: Target | null): Point => ({
  name: `${suite === 'batch' ? `put-batch${BATCH_PUTS}` : suite} ${connections * streams}`,
  suite,
  kind: suite,
  connections,
  streams,
  opsPerCall: suite === 'batch' ? BATCH_PUTS : 1,
  target,
})

export const points: readonly Point[] = [
  point('put', 4, 16, { kind: 'throughputRatio', aim: 1.15, floor: 1 }),
  point('put', 4, 64, { kind: 'throughputRatio', aim: 1.1, floor: 1 }),
  // Behind those with load: what a process does that has served for a while, with its code compiled.
  point('put', 1, 1, { kind: 'latencyRatio', aim: 1.2 }),
  point('get', 1, 1, null),
  point('get', 4, 16, { kind: 'throughputRatio', aim: 1.3, floor: 1.3 }),
  point('get', 4, 64, null),
  point('batch', 2, 4, { kind: 'throughputRatio', aim: 1.5, floor: 1.5 }),
  point('batch', 4, 8, { kind: 'throughputRatio', aim: 1.5, floor: 1.5 }),
]

export const clientTarget = { inFlight: 256, putsPerSecond: 60_000, unaryFactor: 2 } as const
export const restTarget = { cpuShare: 0.02, rssBytes: 120e6 } as const
export const snapshotTarget = { pullBytesPerSecond: 40e6, slowdown: 0.2, catchUpSeconds: 30 } as const
export const rangesTarget = {
  largeKeys: 1_000_000,
  smallKeys: 1_000,
  callRatio: 2,
  refusedMs: 100,
  idle: { cpuShare: 0.05, rssBytes: 300e6, startMs: 10_000, ranges: 1_000 },
  spread: { ranges: 30, inFlight: [256, 2_048], ratios: [0.7, 1] },
} as const
export const loadTarget = { rssBytes: 400e6 } as const

/** What `--suite` takes; without it the first five run. */
export const suiteNames = ['put', 'get', 'batch', 'client', 'rest', 'memory', 'ranges', 'snapshot'] as const
export type SuiteName = (typeof suiteNames)[number]
export const defaultSuites: readonly SuiteName[] = ['rest', 'put', 'get', 'batch', 'client']
/** Named by the contract, to come with what they measure. */
export const laterSuites: readonly string[] = ['gossip', 'overload', 'services']
