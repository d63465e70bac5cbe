/** Whether memory grows with time under steady load: unary puts and the client library's at once, new keys all along. */
import { join } from 'node:path'
import { changingBody } from './call-body.ts'
import type { Children } from './children.ts'
import { clientLoad } from './client-suite.ts'
import { runH2load } from './h2load.ts'
import type { OurSystem } from './our-cluster.ts'
import { anonymousBytes, peakRssBytes, rssBytes } from './process-stat.ts'
import { slope } from './statistics.ts'

export interface MemoryRow {
  readonly node: string
  readonly startBytes: number
  readonly endBytes: number
  readonly peakBytes: number
  /** Least squares over the second half: caches and heaps have filled by then. */
  readonly bytesPerMinute: number
  /** The same without mapped files, whose pages the kernel takes back when it needs them. */
  readonly anonymousBytesPerMinute: number
  /** The most in each minute. */
  readonly minutePeaks: readonly number[]
}

export interface MemoryResult {
  readonly seconds: number
  readonly nodes: readonly MemoryRow[]
  readonly samples: readonly {
    readonly second: number
    readonly rssBytes: readonly number[]
    readonly anonymousBytes: readonly number[]
  }[]
}

const IN_FLIGHT = { connections: 4, streams: 8, client: 32 }

export async function measureMemory(
  ours: OurSystem,
  { seconds, mark }: { readonly seconds: number; readonly mark: string },
  { children, value }: { readonly children: Children; readonly value: Buffer },
): Promise<MemoryResult> {
  const samples: { second: number; rssBytes: number[]; anonymousBytes: number[] }[] = []
  const startMs = performance.now()
  let ended: unknown
  const sample = () => {
    try {
      for (const node of ours.nodes) node.check()
    } catch (thrown) {
      ended ??= thrown
      return
    }
    samples.push({
      second: (performance.now() - startMs) / 1_000,
      rssBytes: ours.nodes.map(({ pid }) => rssBytes(pid)),
      anonymousBytes: ours.nodes.map(({ pid }) => anonymousBytes(pid)),
    })
  }
  sample()
  const timer = setInterval(sample, 1_000)
  const body = changingBody(join(children.folder, 'memory-body'), 'ours', 'put', { mark: `u${mark}`, value })
  try {
    const { url } = await ours.leader()
    await Promise.all([
      runH2load(children, {
        url: url + ours.callPath('put'),
        bodyFile: body.path,
        connections: IN_FLIGHT.connections,
        streams: IN_FLIGHT.streams,
        seconds,
      }),
      clientLoad(children, {
        endpoints: ours.endpoints,
        inFlight: IN_FLIGHT.client,
        warmUpSeconds: 0,
        seconds,
        mark: `c${mark}`,
        value: value.toString('base64'),
      }),
    ])
  } catch (thrown) {
    throw ended ?? thrown
  } finally {
    clearInterval(timer)
    body.stop()
  }
  if (ended !== undefined) throw ended
  const minutes = Array.from({ length: Math.max(1, Math.floor(seconds / 60)) }, (_, minute) =>
    samples.filter(({ second }) => Math.floor(second / 60) === minute),
  )
  const half = samples.slice(Math.floor(samples.length / 2))
  return {
    seconds,
    samples,
    nodes: ours.nodes.map(({ name, pid }, at) => ({
      node: name,
      startBytes: samples[0]?.rssBytes[at] ?? Number.NaN,
      endBytes: samples.at(-1)?.rssBytes[at] ?? Number.NaN,
      peakBytes: peakRssBytes(pid),
      bytesPerMinute: 60 * slope(half.map(({ second, rssBytes: rss }) => [second, rss[at] as number])),
      anonymousBytesPerMinute: 60 * slope(half.map(({ second, anonymousBytes: own }) => [second, own[at] as number])),
      minutePeaks: minutes.map((minute) => Math.max(...minute.map(({ rssBytes: rss }) => rss[at] as number))),
    })),
  }
}
