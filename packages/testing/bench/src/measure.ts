/** One measurement: one side at one point, warmed up, loaded, counted, read back. */
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { allKeys, changingBody } from './call-body.ts'
import type { Children } from './children.ts'
import { runH2load } from './h2load.ts'
import { busySeconds, cpuSeconds, ownCpuSeconds, peakRssBytes } from './process-stat.ts'
import type { Point } from './suites.ts'
import type { System } from './system.ts'

const WARM_UP_SECONDS = 1
/** Keys that are read back; spread over all that were written. */
const READ_BACK = 100

export interface Measurement {
  /** Acknowledged operations a second (puts, also where many share a call). */
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Leader's CPU time for one operation. */
  readonly leaderMicroseconds: number
  /** The most memory that a node of this side has had since its start. */
  readonly peakRssBytes: number
  readonly acknowledged: number
  /** Calls that were answered, but not with success: they count for nothing. */
  readonly refused: number
  readonly readBack: number
  readonly leaderMoved: boolean
  /** Share of the machine that processes of nobody here used meanwhile. */
  readonly foreignCpuShare: number
}

export interface MeasureDeps {
  readonly children: Children
  readonly value: Buffer
  /** All running systems: what they use is no stranger's. */
  readonly systems: readonly System[]
  readonly cores: number
}

/** `mark` makes this measurement's keys its own. @throws KvError when calls failed or a value is not there */
export async function measure(
  system: System,
  point: Point,
  { seconds, mark }: { readonly seconds: number; readonly mark: string },
  deps: MeasureDeps,
): Promise<Measurement> {
  const { children, value } = deps
  if (point.kind === 'get') await putAll(system, allKeys(mark), value)
  const body = changingBody(join(children.folder, 'body'), system.side, point.kind, { mark, value })
  try {
    const leader = await system.leader()
    const load = (duration: number) =>
      runH2load(children, {
        url: leader.url + system.callPath(point.kind),
        bodyFile: body.path,
        connections: point.connections,
        streams: point.streams,
        seconds: duration,
      })
    await load(WARM_UP_SECONDS)
    let cpu = 0
    const foreign = foreignCpu(deps.systems, deps.cores)
    const { load: result, acknowledged } = await system.countAcknowledged(point.kind, leader, async () => {
      const before = cpuSeconds(leader.node.pid)
      const loaded = await load(seconds)
      cpu = cpuSeconds(leader.node.pid) - before
      return loaded
    })
    const foreignCpuShare = foreign()
    body.stop()
    const inFlight = point.connections * point.streams
    // Calls that are cut off when the time is over are counted by one side of the wire only.
    const refused = result.answered - acknowledged
    if (acknowledged === 0 || result.broken > inFlight || refused > inFlight) {
      throw new KvError(
        'InternalError',
        `${system.side}, ${point.name}: of ${result.answered} answers only ${acknowledged} were a success, ${result.broken} calls broke off`,
        { hint: 'nothing is counted; its log may say why' },
      )
    }
    const readBack = await checkReadBack(system, point, body.keysSoFar(), value)
    const operations = acknowledged * point.opsPerCall
    return {
      perSecond: operations / result.seconds,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      leaderMicroseconds: (cpu * 1e6) / operations,
      peakRssBytes: Math.max(...system.nodes.map(({ pid }) => peakRssBytes(pid))),
      acknowledged: operations,
      refused,
      readBack,
      leaderMoved: (await system.leader()).node.pid !== leader.node.pid,
      foreignCpuShare,
    }
  } finally {
    body.stop()
  }
}

async function putAll(system: System, keys: readonly Buffer[], value: Buffer): Promise<void> {
  for (let at = 0; at < keys.length; at += 64) {
    await Promise.all(keys.slice(at, at + 64).map((key) => system.put(key, value)))
  }
}

/**
 * Every key that is there must hold the value; of the first keys, which were sent for longest, nearly all must be there
 * (the file may have changed before h2load read it once).
 */
async function checkReadBack(system: System, point: Point, keys: readonly Buffer[], value: Buffer): Promise<number> {
  const step = Math.max(1, Math.floor(keys.length / READ_BACK))
  const sample = keys.filter((_, at) => at % step === 0)
  const values = await Promise.all(sample.map((key) => system.get(key)))
  const present = values.filter((each) => each !== undefined)
  const wrong = present.filter((each) => !each.equals(value)).length
  if (wrong > 0 || present.length === 0) {
    throw new KvError(
      'Corrupt',
      `${system.side}, ${point.name}: of ${sample.length} keys read back ${present.length} are there, ${wrong} with a wrong value`,
    )
  }
  return present.length
}

/** Begins; the function returned tells what share of all cores others have used since. */
export function foreignCpu(systems: readonly System[], cores: number): () => number {
  const ours = () =>
    ownCpuSeconds() + systems.flatMap(({ nodes }) => nodes).reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  const before = { busy: busySeconds(), ours: ours(), atMs: performance.now() }
  return () => {
    const used = busySeconds() - before.busy - (ours() - before.ours)
    return Math.max(0, used / (cores * ((performance.now() - before.atMs) / 1_000)))
  }
}
