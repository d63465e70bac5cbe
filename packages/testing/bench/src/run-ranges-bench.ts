/** The suite `ranges`: clusters of its own, one part after the other. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { VALUE_BYTES } from './call-body.ts'
import { Children } from './children.ts'
import { type IdleRangesFigures, measureIdleRanges } from './idle-ranges-suite.ts'
import { describeMachine, type Machine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { startOurs } from './our-cluster.ts'
import { measureReshape, type ReshapeFigures } from './reshape-suite.ts'
import type { Verdict } from './results.ts'
import type { BenchDeps } from './run-bench.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { measureSpread, type SpreadFigures, spreadRanges } from './spread-suite.ts'
import { rangesTarget } from './suites.ts'

const CLONE = fileURLToPath(new URL('../../../..', import.meta.url))
const RESHAPE_ROUNDS = 5

export interface RangesResults {
  readonly startedAt: string
  readonly machine: Machine
  readonly version: string
  readonly reshape: {
    readonly large: ReshapeFigures
    readonly small: ReshapeFigures
    readonly verdicts: readonly Verdict[]
  }
  readonly idle: IdleRangesFigures & { readonly verdict: Verdict | null }
  readonly spread: readonly (SpreadFigures & { readonly verdict: Verdict })[]
}

/** @throws KvError */
export async function runRangesBench(options: BenchOptions, { say, signal }: BenchDeps): Promise<RangesResults> {
  const scratch = makeScratchFolder(CLONE)
  const children = new Children(scratch.path)
  const stop = () => void children.stop()
  signal.addEventListener('abort', stop)
  try {
    const startedAt = new Date().toISOString()
    const machine = describeMachine(scratch)
    const first = await startOurs(children, CLONE, 'r')
    const { version } = first
    say(`started base-kv ${version}, three nodes`)
    const { largeKeys, smallKeys } = rangesTarget
    const sizes = [largeKeys, smallKeys] as const
    const [large, small] = await measureReshape(first.endpoints, sizes, RESHAPE_ROUNDS, say)
    await first.close()
    for (const { pid } of first.nodes) process.kill(pid, 'SIGTERM')

    const idle = await measureIdleRanges(await startOurs(children, CLONE, 'i'), options.ranges, { say, signal })
    await idle.system.close()
    for (const { pid } of idle.system.nodes) process.kill(pid, 'SIGTERM')

    const one = await startOurs(children, CLONE, 'o')
    const many = await startOurs(children, CLONE, 'm')
    const { ranges, inFlight, ratios } = rangesTarget.spread
    await spreadRanges(many, ranges)
    const value = randomBytes(VALUE_BYTES)
    const spread: (SpreadFigures & { verdict: Verdict })[] = []
    for (const [at, count] of inFlight.entries()) {
      const load = { inFlight: count, ranges, seconds: options.seconds, rounds: options.rounds }
      const figures = await measureSpread({ one, many }, load, { children, value, say })
      const aim = ratios[at] ?? 1
      spread.push({ ...figures, verdict: { target: `>= ${aim} x`, reached: figures.ratio >= aim } })
    }
    await Promise.allSettled([one.close(), many.close()])
    return {
      startedAt,
      machine,
      version,
      reshape: { large, small, verdicts: reshapeVerdicts(large, small) },
      idle: { ...idle.figures, verdict: idleVerdict(idle.figures) },
      spread,
    }
  } finally {
    signal.removeEventListener('abort', stop)
    await children.stop()
  }
}

function reshapeVerdicts(large: ReshapeFigures, small: ReshapeFigures): Verdict[] {
  const { callRatio, refusedMs } = rangesTarget
  return [
    { target: `split: call <= ${callRatio} x`, reached: large.splitMs <= callRatio * small.splitMs },
    { target: `split: puts wait < ${refusedMs} ms`, reached: Math.max(large.splitPutMs, small.splitPutMs) < refusedMs },
    { target: `merge: call <= ${callRatio} x`, reached: large.mergeMs <= callRatio * small.mergeMs },
    { target: `merge: puts wait < ${refusedMs} ms`, reached: Math.max(large.mergePutMs, small.mergePutMs) < refusedMs },
  ]
}

function idleVerdict({ ranges, rows, startMs }: IdleRangesFigures): Verdict | null {
  const { idle } = rangesTarget
  if (ranges > idle.ranges) return null
  return {
    target: `each node < ${idle.cpuShare * 100} % of a core and < ${idle.rssBytes / 1e6} MB, start < ${idle.startMs / 1_000} s`,
    reached:
      rows.every((row) => row.cpuShare < idle.cpuShare && row.rssBytes < idle.rssBytes) && startMs < idle.startMs,
  }
}
