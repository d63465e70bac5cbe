/** Puts through the client library, from a process of its own. */
import { fileURLToPath } from 'node:url'
import { KvError } from '@base-kv/base'
import type { Children } from './children.ts'
import type { ClientLoadOptions, ClientLoadResult } from './client-load.ts'
import { foreignCpu } from './measure.ts'
import type { OurSystem } from './our-cluster.ts'
import type { System } from './system.ts'
import { cpuSeconds, peakRssBytes } from './process-stat.ts'

export interface ClientMeasurement {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of one core, the client's. */
  readonly clientCpuShare: number
  readonly clientMicroseconds: number
  readonly leaderMicroseconds: number
  readonly acknowledged: number
  readonly peakRssBytes: number
  readonly foreignCpuShare: number
}

const WARM_UP_SECONDS = 1

/** @throws KvError when a put failed or cannot be read back */
export async function clientLoad(children: Children, options: ClientLoadOptions): Promise<ClientLoadResult> {
  const script = fileURLToPath(new URL('client-load.ts', import.meta.url))
  const printed = await children.run('client', process.execPath, [
    '--conditions=source',
    '--no-warnings',
    script,
    JSON.stringify(options),
  ])
  const result = JSON.parse(printed) as ClientLoadResult
  if (result.failed > 0) {
    throw new KvError('InternalError', `client: ${result.failed} calls failed, the first: ${result.firstFailure}`)
  }
  return result
}

export async function measureClient(
  ours: OurSystem,
  { seconds, inFlight, mark }: { readonly seconds: number; readonly inFlight: number; readonly mark: string },
  deps: {
    readonly children: Children
    readonly value: Buffer
    readonly cores: number
    readonly systems: readonly System[]
  },
): Promise<ClientMeasurement> {
  const leader = await ours.leader()
  const cpuBefore = cpuSeconds(leader.node.pid)
  const foreign = foreignCpu(deps.systems, deps.cores)
  const result = await clientLoad(deps.children, {
    endpoints: ours.endpoints,
    inFlight,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds,
    mark,
    value: deps.value.toString('base64'),
  })
  return {
    perSecond: result.acknowledged / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    clientCpuShare: result.cpuSeconds / result.seconds,
    clientMicroseconds: (result.cpuSeconds * 1e6) / result.acknowledged,
    // The leader worked during the warm-up too: all keys, not only the measured ones.
    leaderMicroseconds: ((cpuSeconds(leader.node.pid) - cpuBefore) * 1e6) / result.keys,
    acknowledged: result.acknowledged,
    peakRssBytes: Math.max(...ours.nodes.map(({ pid }) => peakRssBytes(pid))),
    foreignCpuShare: foreign(),
  }
}
