/** The suite `ranges`: clusters of its own, one part after the other. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { VALUE_BYTES } from './call-body.ts'
import { Children } from './children.ts'
import { type IdleRangesFigures, measureIdleRanges } from './idle-ranges-suite.ts'
import { describeMachine, type Machine } from './machine.ts'
import type { BenchOptions, RangesPart } from './options.ts'
import { type OurSystem, startOurs } from './our-cluster.ts'
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
  /** A part that was not measured is null. */
  readonly reshape: {
    readonly large: ReshapeFigures
    readonly small: ReshapeFigures
    readonly verdicts: readonly Verdict[]
  } | null
  readonly idle: (IdleRangesFigures & { readonly verdict: Verdict | null }) | null
  readonly spread: readonly (SpreadFigures & { readonly verdict: Verdict })[] | null
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
    const parts: Parts = { options, children, say, signal }
    const has = (part: RangesPart): boolean => options.parts.includes(part)
    const reshape = has('reshape') ? await measureReshapes(parts) : null
    const idle = has('idle') ? await measureIdle(parts) : null
    const spread = has('spread') ? await measureSpreads(parts) : null
    return { startedAt, machine, reshape, idle, spread }
  } finally {
    signal.removeEventListener('abort', stop)
    await children.stop()
  }
}

interface Parts extends BenchDeps {
  readonly options: BenchOptions
  readonly children: Children
}

async function stopped(...systems: readonly OurSystem[]): Promise<void> {
  await Promise.allSettled(systems.map((system) => system.close()))
  for (const { pid } of systems.flatMap(({ nodes }) => nodes)) process.kill(pid, 'SIGTERM')
}

async function measureReshapes({ children, say }: Parts): Promise<RangesResults['reshape']> {
  const system = await startOurs(children, CLONE, 'r')
  const { largeKeys, smallKeys } = rangesTarget
  const [large, small] = await measureReshape(system.endpoints, [largeKeys, smallKeys], RESHAPE_ROUNDS, say)
  await stopped(system)
  return { large, small, verdicts: reshapeVerdicts(large, small) }
}

async function measureIdle({ options, children, say, signal }: Parts): Promise<RangesResults['idle']> {
  const { figures, system } = await measureIdleRanges(await startOurs(children, CLONE, 'i'), options.ranges, {
    say,
    signal,
  })
  await stopped(system)
  return { ...figures, verdict: idleVerdict(figures) }
}

async function measureSpreads({ options, children, say }: Parts): Promise<RangesResults['spread']> {
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
  await stopped(one, many)
  return spread
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
