/** A local cluster as its folder and its processes show it, with what the nodes say of themselves where they answer. */
import type { ClusterView } from '../cluster-view.ts'
import { shortStore } from '../cluster-view.ts'
import { table } from '../output/table.ts'
import { showTime } from '../output/show-units.ts'
import type { ClusterFile } from './cluster-folder.ts'
import { lastLogLine, type NodeExit, readExit, showExit } from './node-exit.ts'
import { isAlive, isPaused } from './process-identity.ts'
import { lookAt } from './readiness.ts'

interface LocalNode {
  readonly name: string
  readonly store: string
  readonly state: 'up' | 'starting' | 'paused' | 'stopped'
  readonly role: string
  readonly appliedIndex: number | null
  readonly uptimeMs: number | null
  readonly pid: number
  readonly rpc: string
  readonly admin: string
  /** Of a stopped node. */
  readonly exit: NodeExit | null
  readonly lastLogLine: string
}

export interface LocalCluster {
  readonly nodes: readonly LocalNode[]
  readonly view: ClusterView | undefined
  readonly health: string
  readonly healthy: boolean
}

export async function localCluster(folder: string, cluster: Pick<ClusterFile, 'nodes'>): Promise<LocalCluster> {
  const running = cluster.nodes.filter((node) => isAlive(node) && !isPaused(node))
  const endpoints = running.map((node) => node.rpc)
  const view = endpoints.length === 0 ? undefined : await lookAt(endpoints).catch(() => undefined)
  const nodes = cluster.nodes.map((node): LocalNode => {
    const seen = view?.nodes.find((one) => one.node === node.name && one.state === 'up')
    const alive = isAlive(node)
    return {
      name: node.name,
      store: seen?.store ?? storeOf(view, node.name),
      state: !alive ? 'stopped' : isPaused(node) ? 'paused' : seen ? 'up' : 'starting',
      role: seen?.role ?? '',
      appliedIndex: seen?.appliedIndex ?? null,
      uptimeMs: seen?.uptimeMs ?? null,
      pid: alive ? node.pid : 0,
      rpc: node.rpc,
      admin: node.admin,
      exit: alive ? null : (readExit(folder, node.name) ?? null),
      lastLogLine: alive ? '' : lastLogLine(folder, node.name),
    }
  })
  const down = nodes.filter((node) => node.state !== 'up').length
  const nobody = running.length === 0 ? 'no node runs' : 'no node answers'
  const health = !view ? nobody : down > 0 ? `${down} of ${nodes.length} nodes down; ${view.health}` : view.health
  return { nodes, view, health, healthy: view?.healthy ?? false }
}

function storeOf(view: ClusterView | undefined, name: string): string {
  return view?.ranges.flatMap((range) => range.voters).find((voter) => voter.node === name)?.store ?? ''
}

export function localClusterTable({ nodes }: LocalCluster): string {
  const lines = table(
    ['NODE', 'STORE', 'STATE', 'ROLE', 'GRPC', 'ADMIN (reserved)', 'PID', 'APPLIED', 'UPTIME'],
    nodes.map((node) => [
      node.name,
      shortStore(node.store),
      node.state,
      node.role,
      node.rpc,
      node.admin,
      node.pid || undefined,
      node.appliedIndex ?? undefined,
      node.uptimeMs === null ? undefined : showTime(node.uptimeMs),
    ]),
  )
  const stopped = nodes
    .filter((node) => node.state === 'stopped')
    .map(
      (node) => `${node.name}: ${showExit(node.exit ?? undefined)}; last log line: ${node.lastLogLine || '(none)'}\n`,
    )
  return lines + stopped.join('')
}
