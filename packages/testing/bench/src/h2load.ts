/** The load generator: nghttp2's h2load, one thread, gRPC as plain HTTP/2 posts. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import type { Children } from './children.ts'
import { percentile } from './statistics.ts'

export interface LoadOptions {
  readonly url: string
  readonly bodyFile: string
  readonly connections: number
  readonly streams: number
  readonly seconds: number
}

export interface LoadResult {
  /** Calls that ended with an HTTP answer, whatever gRPC says of them. */
  readonly answered: number
  /** Calls without even that. */
  readonly broken: number
  /** Bytes of the replies' messages: a refused call has none. */
  readonly replyBytes: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export async function runH2load(children: Children, options: LoadOptions): Promise<LoadResult> {
  const logFile = join(children.folder, 'h2load.tsv')
  rmSync(logFile, { force: true })
  const printed = await children.run('h2load', 'h2load', [
    `--duration=${options.seconds}`,
    `--clients=${options.connections}`,
    `--max-concurrent-streams=${options.streams}`,
    '--threads=1',
    `--data=${options.bodyFile}`,
    '--header=content-type: application/grpc',
    '--header=te: trailers',
    `--log-file=${logFile}`,
    options.url,
  ])
  return { ...parseSummary(printed), seconds: options.seconds, ...latencies(readFileSync(logFile, 'latin1')) }
}

/** @throws KvError InternalError when it is not what h2load prints */
export function parseSummary(printed: string): Pick<LoadResult, 'answered' | 'broken' | 'replyBytes'> {
  const requests = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(printed)
  const bytes = /\((\d+)\) data\s*$/m.exec(printed)
  if (!requests || !bytes) {
    throw new KvError('InternalError', `h2load printed something else: ${printed.trim().slice(-300)}`)
  }
  const [, succeeded, failed, errored, timedOut] = requests.map(Number) as [number, number, number, number, number]
  return { answered: succeeded, broken: Math.max(failed, errored) + timedOut, replyBytes: Number(bytes[1]) }
}

/** Columns: start in µs since 1970, HTTP status, µs until the end of the answer. */
export function latencies(log: string): Pick<LoadResult, 'p50Ms' | 'p99Ms'> {
  const microseconds: number[] = []
  for (const line of log.split('\n')) {
    const end = line.lastIndexOf('\t')
    if (end > 0 && line.includes('\t200\t')) microseconds.push(Number(line.slice(end + 1)))
  }
  return { p50Ms: percentile(microseconds, 0.5) / 1_000, p99Ms: percentile(microseconds, 0.99) / 1_000 }
}
