/** What a seed draws before anything happens: the cluster, its limits (small, so that rare paths are common), the faults. */
import type { Prng } from '../prng.ts'
import { type StoreFault, storeFaults } from './coverage.ts'

export interface Plan {
  readonly stores: number
  /** The first so many stores begin as voters of the first range; the others hold nothing. */
  readonly voters: number
  readonly faults: ReadonlySet<StoreFault>
  /** Faults of the same kind come about this far apart. */
  readonly faultGapMs: number
  readonly manageGapMs: number
  readonly faultyMs: number
  readonly latencyMs: number
  readonly lossShare: number
  readonly duplicateShare: number
  readonly delayShare: number
  readonly syncMs: number
  /** Writes of the applied data take so many times as long as those of the log. */
  readonly dataSlowness: number
  readonly drift: number
  readonly tickMs: number
  readonly raft: {
    readonly electionTimeoutMs: number
    readonly heartbeatIntervalMs: number
    readonly hibernate: boolean
  }
  readonly compaction: { readonly logBytesSoft: number; readonly logEntriesSoft: number; readonly patienceMs: number }
  readonly flushAgeMs: number
  readonly flushBytesSoft: number
  readonly segmentsMax: number
  readonly clients: number
  readonly thinkMs: number
  readonly valueBytesMax: number
  readonly rangesMax: number
}

export function drawPlan(prng: Prng): Plan {
  const faults = new Set<StoreFault>()
  const density = prng.pick([0.2, 0.35, 0.5, 0.7])
  for (const fault of storeFaults) if (prng.chance(density)) faults.add(fault)
  for (const often of ['split', 'merge', 'move', 'transfer'] as const) if (prng.chance(0.7)) faults.add(often)
  if (faults.has('merge')) faults.add('split')
  const stores = prng.pick([3, 4, 4, 5])
  const electionTimeoutMs = prng.pick([150, 300, 500])
  return {
    stores,
    voters: Math.min(stores, 3),
    faults,
    faultGapMs: electionTimeoutMs * prng.pick([4, 8, 16]),
    manageGapMs: electionTimeoutMs * prng.pick([1, 3, 6]),
    faultyMs: electionTimeoutMs * prng.pick([20, 30, 45]),
    latencyMs: prng.pick([0.5, 2, 5]),
    lossShare: faults.has('loss') ? prng.pick([0.005, 0.03, 0.1]) : 0,
    duplicateShare: faults.has('duplicate') || faults.has('replay') ? prng.pick([0.01, 0.05]) : 0,
    delayShare: faults.has('delay') ? prng.pick([0.005, 0.03]) : 0,
    syncMs: prng.pick([0.5, 2, 8]),
    dataSlowness: prng.pick([1, 1, 10]),
    drift: faults.has('drift') ? prng.pick([0.02, 0.1]) : 0,
    tickMs: Math.floor(electionTimeoutMs / prng.pick([6, 12])),
    raft: {
      electionTimeoutMs,
      heartbeatIntervalMs: Math.floor(electionTimeoutMs / prng.pick([3, 5])),
      hibernate: prng.chance(0.7),
    },
    compaction: {
      logBytesSoft: prng.pick([2_000, 20_000]),
      logEntriesSoft: prng.pick([10, 30, 100]),
      patienceMs: electionTimeoutMs * prng.pick([0.5, 2, 10]),
    },
    flushAgeMs: prng.pick([5, 20, 50]),
    flushBytesSoft: prng.pick([500, 4_000, 100_000]),
    segmentsMax: prng.pick([2, 4, 256]),
    clients: prng.integer(2, 6),
    thinkMs: prng.pick([5, 15, 40]),
    valueBytesMax: prng.pick([8, 60, 400]),
    rangesMax: prng.integer(2, 8),
  }
}
