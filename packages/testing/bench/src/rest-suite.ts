/** What a node uses when nobody asks anything of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { System } from './system.ts'
import { cpuSeconds, rssBytes } from './process-stat.ts'

export interface RestRow {
  readonly node: string
  /** Of one core. */
  readonly cpuShare: number
  readonly rssBytes: number
}

const SETTLE_MS = 3_000

/** All systems at once. */
export async function measureRest(
  systems: readonly System[],
  seconds: number,
  signal: AbortSignal,
): Promise<RestRow[]> {
  await sleep(SETTLE_MS, undefined, { signal })
  const nodes = systems.flatMap((system) => system.nodes)
  const before = nodes.map(({ pid }) => cpuSeconds(pid))
  const startMs = performance.now()
  await sleep(seconds * 1_000, undefined, { signal })
  const elapsed = (performance.now() - startMs) / 1_000
  return nodes.map(({ name, pid }, at) => ({
    node: name,
    cpuShare: (cpuSeconds(pid) - (before[at] as number)) / elapsed,
    rssBytes: rssBytes(pid),
  }))
}
