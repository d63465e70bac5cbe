/** A cluster of its own for the length of one command: temporary folder, free ports, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { type ClusterNode, findNode, needCluster, updateNode } from './cluster-folder.ts'
import { needFreePorts, portsOf } from './ports.ts'
import { identify, isAlive, signal } from './process-identity.ts'
import { untilReady } from './readiness.ts'
import { spawnNode } from './spawn-node.ts'
import { stopNodes, untilGone } from './stop-nodes.ts'
import { needAllAlive, startNodes } from './up.ts'

const READY_WITHIN_MS = 30_000

export interface TemporaryCluster {
  readonly folder: string
  /** As they run now. */
  nodes(): readonly ClusterNode[]
  readonly endpoints: readonly string[]
  /** SIGKILL; returns when the process is gone. */
  kill(name: string): Promise<void>
  /** A new process on the node's data. */
  start(name: string): Promise<void>
  /** Stops everything; removes the folder unless it is to be kept. */
  close(options?: { readonly keep: boolean }): Promise<void>
}

/** Ends with this process, whatever ends that. */
export async function temporaryCluster(count: number): Promise<TemporaryCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'base-kv-'))
  const supervisor = identify(process.pid)
  const { cluster, spawned } = await startNodes({ folder, count, basePort: await freeBasePort(count), supervisor })
  const nodes = () => needCluster(folder).nodes
  const endpoints = cluster.nodes.map((node) => node.rpc)
  const close = async ({ keep } = { keep: false }): Promise<void> => {
    await stopNodes(nodes())
    if (!keep) await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady({ endpoints, withinMs: READY_WITHIN_MS, check: () => needAllAlive(folder, spawned) })
  } catch (thrown) {
    await close()
    throw thrown
  }
  return {
    folder,
    nodes,
    endpoints,
    close,
    async kill(name) {
      const node = findNode(needCluster(folder), name)
      signal(node, 'SIGKILL')
      await untilGone([node], 5_000)
    },
    async start(name) {
      if (isAlive(findNode(needCluster(folder), name))) return
      const { pid, startTicks } = spawnNode(folder, name, supervisor)
      await updateNode(folder, name, { pid, startTicks })
    },
  }
}

const TRIES = 50

/** Ports below the range from which the system takes those of outgoing connections. @throws KvError BadConfig */
async function freeBasePort(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const basePort = 12_000 + Math.floor(Math.random() * 190) * 100
    const isFree = await needFreePorts(portsOf(basePort, count)).then(
      () => true,
      () => false,
    )
    if (isFree) return basePort
  }
  throw new KvError('BadConfig', 'no free ports found between 12000 and 31000', { hint: 'stop what takes them' })
}
