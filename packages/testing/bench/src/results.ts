/** The figures of a run as they are written to bench/latest.json: medians, ratios, and what they were made of. */
import type { ClientMeasurement } from './client-suite.ts'
import type { Machine } from './machine.ts'
import type { Measurement } from './measure.ts'
import type { MemoryResult } from './memory-suite.ts'
import type { Side } from './options.ts'
import type { RestRow } from './rest-suite.ts'
import { median } from './statistics.ts'
import type { SnapshotResult } from './snapshot-suite.ts'
import { clientTarget, loadTarget, type Point, restTarget, snapshotTarget } from './suites.ts'

export interface SideFigures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly leaderMicroseconds: number
  readonly rounds: readonly Measurement[]
}

export interface PointFigures {
  readonly name: string
  readonly inFlight: number
  readonly connections: number
  readonly streams: number
  readonly opsPerCall: number
  readonly ours: SideFigures | null
  readonly etcd: SideFigures | null
  /** ours/etcd */
  readonly throughputRatio: number | null
  readonly p50Ratio: number | null
  readonly verdict: Verdict | null
}

export interface Verdict {
  readonly target: string
  readonly reached: boolean
}

export interface ClientFigures extends Omit<ClientMeasurement, 'acknowledged'> {
  readonly inFlight: number
  readonly rounds: readonly ClientMeasurement[]
  readonly verdict: Verdict | null
}

export interface Results {
  readonly startedAt: string
  readonly seconds: number
  readonly rounds: number
  readonly load: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly fsync: Readonly<Partial<Record<Side, string>>>
  readonly points: readonly PointFigures[]
  readonly clientPut: ClientFigures | null
  readonly rest: { readonly rows: readonly RestRow[]; readonly verdict: Verdict } | null
  readonly memory: (MemoryResult & { readonly verdict: Verdict }) | null
  readonly memoryUnderLoad: LoadMemoryFigures | null
  readonly snapshot: (SnapshotResult & { readonly verdicts: readonly Verdict[] }) | null
  /** Median share of the machine that unrelated processes used during the measurements. */
  readonly foreignCpuShare: number | null
}

export interface LoadMemoryFigures {
  /** Of the largest node since its start, as the kernel counts it: mapped files included. */
  readonly peakRssBytes: number
  /** Of it, what is no page of a mapped file; sampled. */
  readonly peakAnonymousBytes: number
  readonly verdict: Verdict
}

/** More than this a minute in the second half of a long run counts as growth. */
const GROWTH_BYTES_PER_MINUTE = 5e6

const medianOf = <T>(rows: readonly T[], field: (row: T) => number): number => median(rows.map(field))

function sideFigures(rounds: readonly Measurement[]): SideFigures | null {
  if (rounds.length === 0) return null
  return {
    perSecond: medianOf(rounds, (each) => each.perSecond),
    p50Ms: medianOf(rounds, (each) => each.p50Ms),
    p99Ms: medianOf(rounds, (each) => each.p99Ms),
    leaderMicroseconds: medianOf(rounds, (each) => each.leaderMicroseconds),
    rounds,
  }
}

export function pointFigures(point: Point, rounds: Readonly<Record<Side, readonly Measurement[]>>): PointFigures {
  const ours = sideFigures(rounds.ours)
  const etcd = sideFigures(rounds.etcd)
  const throughputRatio = ours && etcd ? ours.perSecond / etcd.perSecond : null
  const p50Ratio = ours && etcd ? ours.p50Ms / etcd.p50Ms : null
  return {
    name: point.name,
    inFlight: point.connections * point.streams,
    connections: point.connections,
    streams: point.streams,
    opsPerCall: point.opsPerCall,
    ours,
    etcd,
    throughputRatio,
    p50Ratio,
    verdict: pointVerdict(point, throughputRatio, p50Ratio),
  }
}

function pointVerdict({ target }: Point, throughputRatio: number | null, p50Ratio: number | null): Verdict | null {
  if (target === null || throughputRatio === null || p50Ratio === null) return null
  if (target.kind === 'latencyRatio') return { target: `p50 <= ${target.aim} x`, reached: p50Ratio <= target.aim }
  const floor =
    target.floor < target.aim && throughputRatio < target.aim
      ? `; floor ${target.floor}: ${throughputRatio >= target.floor ? 'kept' : 'missed'}`
      : ''
  return { target: `>= ${target.aim} x${floor}`, reached: throughputRatio >= target.aim }
}

/** `unaryPerSecond`: of unary puts at the same number in flight, when that was measured. */
export function clientFigures(rounds: readonly ClientMeasurement[], unaryPerSecond: number | undefined): ClientFigures {
  const perSecond = medianOf(rounds, (each) => each.perSecond)
  const { putsPerSecond, unaryFactor, inFlight } = clientTarget
  const wanted = unaryPerSecond === undefined ? putsPerSecond : Math.min(putsPerSecond, unaryFactor * unaryPerSecond)
  return {
    inFlight,
    perSecond,
    p50Ms: medianOf(rounds, (each) => each.p50Ms),
    p99Ms: medianOf(rounds, (each) => each.p99Ms),
    clientCpuShare: medianOf(rounds, (each) => each.clientCpuShare),
    clientMicroseconds: medianOf(rounds, (each) => each.clientMicroseconds),
    leaderMicroseconds: medianOf(rounds, (each) => each.leaderMicroseconds),
    peakRssBytes: Math.max(...rounds.map((each) => each.peakRssBytes)),
    foreignCpuShare: medianOf(rounds, (each) => each.foreignCpuShare),
    rounds,
    verdict: { target: `>= ${Math.round(wanted)} a second`, reached: perSecond >= wanted },
  }
}

export function restFigures(rows: readonly RestRow[]): NonNullable<Results['rest']> {
  const ours = rows.filter(({ node }) => node.startsWith('n'))
  const { cpuShare, rssBytes } = restTarget
  return {
    rows,
    verdict: {
      target: `each node of base-kv < ${cpuShare * 100} % of a core and < ${rssBytes / 1e6} MB`,
      reached: ours.every((row) => row.cpuShare < cpuShare && row.rssBytes < rssBytes),
    },
  }
}

export function memoryFigures(result: MemoryResult): NonNullable<Results['memory']> {
  return {
    ...result,
    verdict: {
      target: `grows by < ${GROWTH_BYTES_PER_MINUTE / 1e6} MB a minute, peak < ${loadTarget.rssBytes / 1e6} MB`,
      reached: result.nodes.every(
        (node) => node.bytesPerMinute < GROWTH_BYTES_PER_MINUTE && node.peakBytes < loadTarget.rssBytes,
      ),
    },
  }
}

export function loadMemoryFigures(peaks: readonly number[], peakAnonymousBytes: number): Results['memoryUnderLoad'] {
  if (peaks.length === 0) return null
  const peakRssBytes = Math.max(...peaks)
  return {
    peakRssBytes,
    peakAnonymousBytes,
    verdict: { target: `< ${loadTarget.rssBytes / 1e6} MB`, reached: peakRssBytes < loadTarget.rssBytes },
  }
}

export function snapshotFigures(result: SnapshotResult): NonNullable<Results['snapshot']> {
  const { pullBytesPerSecond, slowdown, catchUpSeconds } = snapshotTarget
  return {
    ...result,
    verdicts: [
      {
        target: `pull without load >= ${pullBytesPerSecond / 1e6} MB/s`,
        reached: result.pullBytesPerSecond >= pullBytesPerSecond,
      },
      {
        target: `puts at most ${slowdown * 100} % slower meanwhile`,
        reached: result.putsMeanwhile >= (1 - slowdown) * result.putsBefore,
      },
      {
        target: `${result.missedWrites} missed writes in <= ${catchUpSeconds} s`,
        reached: result.catchUpSeconds <= catchUpSeconds,
      },
    ],
  }
}
