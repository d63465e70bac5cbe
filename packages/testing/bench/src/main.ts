/** `npm run bench`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toKvError } from '@base-kv/base'
import { type BenchOptions, help, isRanges, parseOptions, rangesParts } from './options.ts'
import { rangesReport } from './ranges-report.ts'
import { report } from './report.ts'
import { runBench } from './run-bench.ts'
import { type RangesResults, runRangesBench } from './run-ranges-bench.ts'

const EXIT = { fine: 0, failed: 1, usage: 2, interrupted: 130 } as const
const PARENT_CHECK_MS = 1_000

async function main(): Promise<number> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && interrupted.abort(), PARENT_CHECK_MS).unref()
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') {
      process.stdout.write(`${help}\n`)
      return EXIT.fine
    }
    const say = (line: string) => void process.stdout.write(`${line}\n`)
    const deps = { say, signal: interrupted.signal }
    const [results, page] = isRanges(options.suites)
      ? pair(keepOthers(await runRangesBench(options, deps), options), rangesReport)
      : pair(await runBench(options, deps), report)
    mkdirSync(dirname(options.output), { recursive: true })
    writeFileSync(options.output, `${JSON.stringify(results, null, 2)}\n`)
    process.stdout.write(`${page}\nwritten to ${options.output}\n`)
    return EXIT.fine
  } catch (thrown) {
    if (interrupted.signal.aborted) {
      process.stderr.write('interrupted: everything was stopped\n')
      return EXIT.interrupted
    }
    const error = toKvError(thrown)
    process.stderr.write(`error ${error.code}: ${error.message}${error.hint ? `; ${error.hint}` : ''}\n`)
    return error.code === 'BadRequest' ? EXIT.usage : EXIT.failed
  }
}

/** Parts that were not measured stay as they are in the file. */
function keepOthers(results: RangesResults, { output, parts }: BenchOptions): RangesResults {
  if (parts.length === rangesParts.length || !existsSync(output)) return results
  const before = JSON.parse(readFileSync(output, 'utf8')) as RangesResults
  return { ...before, ...Object.fromEntries(Object.entries(results).filter(([, value]) => value !== null)) }
}

function pair<T>(results: T, show: (results: T) => string): readonly [unknown, string] {
  return [results, show(results)]
}

process.exitCode = await main()
// A keep-alive connection to a node that is gone must not hold the process.
process.exit()
