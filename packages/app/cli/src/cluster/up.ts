/** `cluster up`: writes the folder, starts the processes, waits until they are ready; then leaves them, or stays. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import {
  type ClusterFile,
  type ClusterNode,
  clusterFolder,
  dataPath,
  nodeFolder,
  readCluster,
  withFolderLock,
  writeCluster,
} from './cluster-folder.ts'
import { localCluster, localClusterTable } from './cluster-status.ts'
import { writeNodeConfig } from './node-config-file.ts'
import { lastLogLine, readExit, showExit } from './node-exit.ts'
import { needFreePorts, portsOf } from './ports.ts'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'
import { preSplit } from './pre-split.ts'
import { untilReady } from './readiness.ts'
import { type SpawnedNode, spawnNode } from './spawn-node.ts'
import { stopNodes } from './stop-nodes.ts'
import { supervise } from './supervise.ts'

export interface UpOptions {
  readonly folder: string
  /** Undefined: as the folder has it, else 3. */
  readonly nodes: number | undefined
  /** Undefined: as the folder has it, else 7700. */
  readonly basePort: number | undefined
  readonly detach: boolean
  readonly fresh: boolean
  /** Into how many ranges the keys are split at least. */
  readonly ranges: number
}

const READY_WITHIN_MS = 30_000
const SPLIT_WITHIN_MS = 50

/** @returns the exit code */
export async function up(options: UpOptions, say: (text: string) => void): Promise<number> {
  const started = await withFolderLock(options.folder, () => startAll(options, say))
  if (!started) return 0
  const { cluster, spawned } = started
  // From here on a signal must not leave half a cluster behind.
  const interrupted = interruption()
  const begun = performance.now()
  const endpoints = cluster.nodes.map((node) => node.rpc)
  const check = () => {
    if (interrupted.exitCode !== null) throw new KvError('Cancelled', 'interrupted', { hint: 'start it again' })
    needAllAlive(options.folder, spawned)
  }
  try {
    await untilReady({ endpoints, withinMs: READY_WITHIN_MS, check })
    const { ranges } = options
    if (ranges > 1) {
      say(`splitting the keys into ${ranges} ranges …\n`)
      await preSplit({ endpoints, ranges, withinMs: READY_WITHIN_MS + ranges * SPLIT_WITHIN_MS, check })
    }
  } catch (thrown) {
    await stopNodes(cluster.nodes)
    throw thrown
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1)
  say(`ready in ${seconds} s; data in ${options.folder}\n\n`)
  say(localClusterTable(await localCluster(options.folder, cluster)))
  say(nextSteps(options.folder, cluster))
  if (options.detach) return 0
  say('\nCtrl-C stops every node. What happens:\n')
  return supervise({ folder: options.folder, spawned, interrupted, say })
}

/** Undefined when the cluster runs already. */
async function startAll(options: UpOptions, say: (text: string) => void): Promise<StartedNodes | undefined> {
  const { folder } = options
  const before = readCluster(folder)
  if (before?.nodes.some(isAlive)) {
    say(`a cluster already runs in ${folder}: nothing was changed\n\n`)
    const local = await localCluster(folder, before)
    say(localClusterTable(local))
    const stopped = local.nodes.find((node) => node.state === 'stopped')
    if (stopped) say(`\nstart the stopped node again: npx base-kv cluster start ${stopped.name}\n`)
    return undefined
  }
  if (options.fresh) empty(folder, before)
  const known = options.fresh ? undefined : before
  const count = options.nodes ?? known?.nodes.length ?? 3
  if (known && options.nodes !== undefined && options.nodes !== known.nodes.length && hasData(folder, known)) {
    throw new KvError('BadConfig', `${folder} holds the data of ${known.nodes.length} nodes, not ${options.nodes}`, {
      hint: 'leave --nodes out to start them again, give another --data, or --fresh to empty it',
    })
  }
  const basePort = options.basePort ?? known?.basePort ?? 7_700
  say(`starting ${count} ${count === 1 ? 'node' : 'nodes'} …\n`)
  return startNodes({ folder, count, basePort, supervisor: options.detach ? null : identify(process.pid) })
}

export interface StartNodesOptions {
  readonly folder: string
  readonly count: number
  readonly basePort: number
  readonly supervisor: ProcessIdentity | null
}

export interface StartedNodes {
  readonly cluster: Omit<ClusterFile, 'boot'>
  readonly spawned: ReadonlyMap<string, SpawnedNode>
}

/** Writes what the nodes are started with, and starts them. @throws KvError BadConfig when a port is taken */
export async function startNodes({ folder, count, basePort, supervisor }: StartNodesOptions): Promise<StartedNodes> {
  const ports = portsOf(basePort, count)
  await needFreePorts(ports)
  mkdirSync(folder, { recursive: true })
  const seeds = ports.map((node) => node.rpc)
  for (const node of ports) writeNodeConfig(folder, { ...node, seeds, expect: seeds.length })
  const spawned = new Map(ports.map(({ name }) => [name, spawnNode(folder, name, supervisor)]))
  const nodes = ports.map((node): ClusterNode => {
    const { pid = 0, startTicks = 0 } = spawned.get(node.name) ?? {}
    return { ...node, pid, startTicks }
  })
  const cluster = { nodes, basePort, supervisor }
  writeCluster(folder, cluster)
  return { cluster, spawned }
}

/** Removes what `cluster up` made, and nothing else: DIR may be a folder with other things in it. */
function empty(folder: string, before: ClusterFile | undefined): void {
  const names = before?.nodes.map((node) => node.name) ?? []
  for (let i = 1; existsSync(join(nodeFolder(folder, `n${i}`), 'node.yaml')); i++) names.push(`n${i}`)
  for (const name of names) rmSync(nodeFolder(folder, name), { recursive: true, force: true })
  rmSync(join(folder, 'cluster.json'), { force: true })
}

const hasData = (folder: string, cluster: ClusterFile): boolean =>
  cluster.nodes.some((node) => existsSync(dataPath(folder, node.name)))

/** @throws KvError with the code that fits the exit code of the node that ended */
export function needAllAlive(folder: string, spawned: ReadonlyMap<string, SpawnedNode>): void {
  for (const [name, { child }] of spawned) {
    if (child.exitCode === null && child.signalCode === null) continue
    const exit = readExit(folder, name) ?? { code: child.exitCode, signal: child.signalCode, at: '' }
    const code = exit.code === 78 ? 'BadConfig' : exit.code === 74 ? 'StorageFailed' : 'InternalError'
    throw new KvError(code, `${name} did not start (${showExit(exit)}): ${lastLogLine(folder, name)}`, {
      hint: `see its log with \`base-kv cluster logs ${name}\``,
    })
  }
}

export interface Interruption {
  /** Of the first signal: 130, 143 or 129. */
  exitCode: number | null
  onSignal: () => void
}

function interruption(): Interruption {
  const state: Interruption = { exitCode: null, onSignal: () => {} }
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(name, () => {
      state.exitCode ??= code
      state.onSignal()
    })
  }
  return state
}

function nextSteps(folder: string, cluster: Omit<ClusterFile, 'boot'>): string {
  const endpoints = cluster.basePort === 7_700 ? '' : ` --endpoints ${cluster.nodes.map((node) => node.rpc).join(',')}`
  const data = folder === clusterFolder(undefined) ? '' : ` --data ${folder}`
  return `
try next:
  npx base-kv put greeting hello${endpoints}
  npx base-kv cluster kill leader${data}
  npx base-kv get greeting${endpoints}
`
}
