/**
 * The guided tour: shows on real processes that a cluster survives `kill -9` of its leader, how long writes wait, and that
 * nothing acknowledged is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { KvError } from '@base-kv/base'
import { type KvClient, openClient } from '@base-kv/client'
import { loadNodeConfig } from '@base-kv/daemon'
import type { ClusterView } from '../cluster-view.ts'
import { configPath } from '../cluster/cluster-folder.ts'
import { lookAt } from '../cluster/readiness.ts'
import { type TemporaryCluster, temporaryCluster } from '../cluster/temporary-cluster.ts'
import { cores, watchMachine } from './machine-load.ts'
import { startWriteLoad, type WriteLoad } from './write-load.ts'

export interface TourOptions {
  readonly rounds: number
  readonly keys: number
}

type Say = (text: string) => void

const NODES = 3
const POLL_MS = 40
const STEP_WITHIN_MS = 30_000
/** Below this the machine counts as idle but for us. */
const IDLE_BUSY_MAX = 0.2

/** @returns 0 only if nothing acknowledged was lost */
export async function tour(options: TourOptions, say: Say): Promise<number> {
  const machine = watchMachine()
  await sleep(500)
  const busyBefore = machine.busy()
  const begun = performance.now()
  say(`1. Starting ${NODES} nodes as processes of their own, in a temporary folder on free ports …\n`)
  const cluster = await temporaryCluster(NODES)
  endOnSignal(cluster)
  let isKept = false
  const client = openClient({ endpoints: cluster.endpoints, timeoutMs: 15_000, unreachablePatienceMs: 15_000 })
  try {
    const view = await lookAt(cluster.endpoints)
    say(`   ready after ${seconds(performance.now() - begun)}: ${leaderName(view)} leads\n\n`)
    const written = await writeKeys(client, options.keys, say)

    const minimumMs = loadNodeConfig({ file: configPath(cluster.folder, 'n1'), env: {} }).raft.electionTimeoutMs
    say(`3. kill -9 of the leader under load, ${options.rounds} times; then it is started again and catches up\n`)
    say('   round  killed  new leader  writes waited  caught up after  acknowledged\n')
    machine.busy()
    const load = startWriteLoad(client)
    const gaps: number[] = []
    try {
      for (let round = 1; round <= options.rounds; round++) gaps.push(await failOver(cluster, load, round, say))
    } finally {
      await load.stop()
    }
    const busyDuring = machine.busy()

    say('\n4. Reading everything back …\n')
    const lost = await readBack(client, new Map([...written, ...load.acknowledged]), say)
    const view2 = await untilLevel(cluster)
    say(`   every node has applied the same index: ${view2.ranges[0]?.appliedIndex}\n\n`)
    const acknowledged = written.size + load.acknowledged.size
    isKept = lost > 0
    say(verdict({ gaps, minimumMs, lost, acknowledged, unknown: load.unknown.size, busyBefore, busyDuring }))
    if (isKept) say(`the nodes' folders are kept: ${cluster.folder}\n`)
    return lost === 0 ? 0 : 1
  } finally {
    client.close()
    await cluster.close({ keep: isKept })
  }
}

async function writeKeys(client: KvClient, count: number, say: Say): Promise<Map<string, string>> {
  say(`2. Writing ${count} keys …\n`)
  const begun = performance.now()
  const keys = new Map(Array.from({ length: count }, (_, i) => [`tour/${String(i).padStart(6, '0')}`, `value of ${i}`]))
  await Promise.all(Array.from(keys, ([key, value]) => client.put(key, value)))
  const took = performance.now() - begun
  say(`   each acknowledged after a majority had it on disk; together ${Math.round(took)} ms\n\n`)
  return keys
}

/** @returns how long no write was acknowledged, ms */
async function failOver(cluster: TemporaryCluster, load: WriteLoad, round: number, say: Say): Promise<number> {
  const before = await until(cluster, (view) => isSteady(view) && performance.now() - load.lastAckMs < 100)
  const victim = leaderName(before)
  load.resetSilence()
  await cluster.kill(victim)
  await until(cluster, (view) => view.ranges[0]?.leader != null && leaderName(view) !== victim)
  const ledMs = performance.now()
  // An acknowledgement behind this moment is the new leader's: the gap is over.
  const after = await until(cluster, (view) => load.lastAckMs > ledMs && view.ranges[0]?.leader != null)
  const gapMs = load.silenceMs
  const restartedMs = performance.now()
  await cluster.start(victim)
  const target = after.ranges[0]?.appliedIndex ?? 0
  await until(cluster, (view) => {
    const replica = view.ranges[0]?.replicas.find((one) => one.node === victim)
    return replica !== undefined && replica.appliedIndex >= target
  })
  const caughtUpMs = performance.now() - restartedMs
  say(
    `   ${String(round).padStart(5)}  ${victim.padEnd(6)}  ${leaderName(after).padEnd(10)}  ${ms(gapMs).padStart(13)}  ` +
      `${ms(caughtUpMs).padStart(15)}  ${String(load.acknowledged.size).padStart(12)}\n`,
  )
  return gapMs
}

/** All there, and nobody so young that it grants no vote yet (a restarted node keeps still for an election time-out). */
function isSteady(view: ClusterView): boolean {
  const [range] = view.ranges
  const isYoung = view.nodes.some((node) => (node.uptimeMs ?? 0) < 1_500)
  return view.nodes.length === NODES && !isYoung && range?.leader != null && range.votersUp === NODES
}

async function readBack(client: KvClient, wanted: ReadonlyMap<string, string>, say: Say): Promise<number> {
  const found = new Map<string, string>()
  for await (const { key, value } of client.scan()) {
    found.set(Buffer.from(key).toString(), Buffer.from(value).toString())
  }
  const lost = [...wanted].filter(([key, value]) => found.get(key) !== value)
  say(`   ${wanted.size - lost.length} of ${wanted.size} acknowledged writes are there with the value written\n`)
  for (const [key] of lost.slice(0, 5)) say(`   LOST: ${key}\n`)
  return lost.length
}

const untilLevel = (cluster: TemporaryCluster): Promise<ClusterView> =>
  until(cluster, ({ ranges: [range] }) => {
    const indexes = range?.replicas.map((replica) => replica.appliedIndex) ?? []
    return indexes.length === NODES && new Set(indexes).size === 1
  })

async function until(cluster: TemporaryCluster, holds: (view: ClusterView) => boolean): Promise<ClusterView> {
  const deadline = performance.now() + STEP_WITHIN_MS
  let health = 'no node answers'
  while (performance.now() < deadline) {
    const view = await lookAt(cluster.endpoints, 500).catch(() => undefined)
    if (view && holds(view)) return view
    health = view?.health ?? health
    await sleep(POLL_MS)
  }
  throw new KvError('TryLater', `waited ${STEP_WITHIN_MS / 1_000} s in vain: ${health}`, {
    hint: 'run it again on a machine with less to do',
  })
}

interface Outcome {
  readonly gaps: readonly number[]
  readonly minimumMs: number
  readonly lost: number
  readonly acknowledged: number
  readonly unknown: number
  readonly busyBefore: number
  readonly busyDuring: number
}

export function verdict(outcome: Outcome): string {
  const { gaps, minimumMs, lost, acknowledged, unknown, busyBefore, busyDuring } = outcome
  const sorted = gaps.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
  const line = (what: string, gap: number, limit: number): string => {
    const times = gap / minimumMs
    const fits = times <= limit ? 'within' : 'OVER'
    return `  ${what} ${ms(gap).padStart(8)} = ${times.toFixed(2)} × the shortest election time-out, ${fits} ${limit} ×\n`
  }
  const idle = busyBefore <= IDLE_BUSY_MAX ? 'otherwise idle' : 'NOT otherwise idle: these times say little'
  return `How long writes waited after a kill (${gaps.length} kills, shortest election time-out ${minimumMs} ms):
${line('median', median ?? 0, 1.5)}${line('worst ', sorted.at(-1) ?? 0, 4)}  machine: ${cores()} cores, ${percent(busyBefore)} busy before, ${percent(busyDuring)} during: ${idle}

verdict: ${lost === 0 ? 'PASS' : 'FAIL'} ${lost === 0 ? 'nothing acknowledged was lost' : `${lost} acknowledged writes were lost`} \
(${acknowledged} acknowledged, ${unknown} with unknown outcome, ${gaps.length} kills)
`
}

/** The nodes end with this process anyway; this removes the folder too. */
function endOnSignal(cluster: TemporaryCluster): void {
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(name, () => {
      void cluster.close().finally(() => process.exit(code))
    })
  }
}

const leaderName = (view: ClusterView): string => view.ranges[0]?.leader?.node ?? '?'
const ms = (value: number): string => `${Math.round(value)} ms`
const seconds = (value: number): string => `${(value / 1_000).toFixed(1)} s`
const percent = (share: number): string => `${Math.round(share * 100)} %`
