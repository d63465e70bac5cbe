/** The command line. */
import { parseArgs } from 'node:util'
import { KvError } from '@base-kv/base'
import { defaultSuites, laterSuites, type SuiteName, suiteNames } from './suites.ts'

export type Side = 'ours' | 'etcd'

export interface BenchOptions {
  readonly sides: readonly Side[]
  readonly suites: readonly SuiteName[]
  /** Seconds of one measurement. */
  readonly seconds: number
  /** Measurements of a side at a point; the medians count. */
  readonly rounds: number
  readonly output: string
  /** Idle ranges of the suite `ranges`. */
  readonly ranges: number
  /** Of the suite `ranges`: what is measured; what is not keeps its figures in the file. */
  readonly parts: readonly RangesPart[]
}

export const rangesParts = ['reshape', 'idle', 'spread'] as const
export type RangesPart = (typeof rangesParts)[number]

export const help = `npm run bench -- [options]

Three node processes of base-kv against three of etcd, on this machine, fsync on in both, the same load from h2load at
both, in turn. Prints a table and writes bench/latest.json. Without options about six minutes.

  --suite NAME     ${suiteNames.join(', ')}; may be given several times
                   (default: all but memory, ranges and snapshot)
  --only ours      without etcd; --only etcd: without base-kv
  --seconds N      one measurement (default 4; 1 to 3600)
  --rounds N       measurements of each side at each point, medians count (default 3; 1 to 100)
  --output FILE    where the figures go (default bench/latest.json; of memory, ranges or snapshot alone
                   bench/NAME.json)
  --ranges N       idle ranges of --suite ranges (default 1000)
  --part NAME      of --suite ranges only this: ${rangesParts.join(', ')}; the others' figures stay in the file
  -h, --help       this

Examples
  npm run bench
  npm run bench -- --suite put --rounds 5
  npm run bench -- --only ours --suite put --suite client --seconds 2 --rounds 1
  npm run bench -- --only ours --suite memory --seconds 300
  npm run bench -- --only ours --suite ranges

Needs h2load (Debian package nghttp2-client) and, unless --only ours, etcd (Debian package etcd-server).
Exit codes: 0 measured (targets reached or missed), 1 something failed, 2 wrong usage, 130 interrupted.`

/** @returns 'help' when that was asked for. @throws KvError BadRequest */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const suites = suitesOf(values.suite ?? [])
  if (isRanges(suites) && suites.length > 1) throw usage('--suite ranges runs alone')
  return {
    sides: isRanges(suites) ? ['ours'] : sidesOf(values.only),
    suites,
    seconds: wholeNumber('--seconds', values.seconds ?? '4', 3_600),
    rounds: wholeNumber('--rounds', values.rounds ?? '3', 100),
    output: values.output ?? `bench/${ownFile(suites) ?? 'latest'}.json`,
    ranges: wholeNumber('--ranges', values.ranges ?? '1000', 20_000),
    parts: partsOf(values.part ?? []),
  }
}

/** Suites beside the default ones keep their figures apart: a run of one must not replace those of the others. */
const ownFile = ([suite, ...others]: readonly SuiteName[]): SuiteName | undefined =>
  suite !== undefined && others.length === 0 && !defaultSuites.includes(suite) ? suite : undefined

/** A run of its own: it starts clusters of its own. */
export const isRanges = (suites: readonly SuiteName[]): boolean => suites.includes('ranges')

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        suite: { type: 'string', multiple: true },
        only: { type: 'string' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        output: { type: 'string' },
        ranges: { type: 'string' },
        part: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw usage((cause as Error).message.split('\n')[0]?.replace(/\.$/, '') ?? 'wrong options', cause)
  }
}

function sidesOf(only: string | undefined): readonly Side[] {
  if (only === undefined) return ['ours', 'etcd']
  if (only === 'ours' || only === 'etcd') return [only]
  throw usage(`--only is "${only}"; allowed: ours, etcd`)
}

function suitesOf(names: readonly string[]): readonly SuiteName[] {
  for (const name of names) {
    if (laterSuites.includes(name)) throw usage(`--suite ${name} does not exist yet: it comes with what it measures`)
    if (!isSuite(name)) throw usage(`--suite is "${name}"; allowed: ${suiteNames.join(', ')}`)
  }
  return names.length === 0 ? defaultSuites : [...new Set(names.filter(isSuite))]
}

function partsOf(names: readonly string[]): readonly RangesPart[] {
  const isPart = (name: string): name is RangesPart => (rangesParts as readonly string[]).includes(name)
  for (const name of names) if (!isPart(name)) throw usage(`--part is "${name}"; allowed: ${rangesParts.join(', ')}`)
  return names.length === 0 ? rangesParts : names.filter(isPart)
}

function isSuite(name: string): name is SuiteName {
  return (suiteNames as readonly string[]).includes(name)
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw usage(`${flag} is "${text}"; allowed: 1 to ${max}`)
}

function usage(message: string, cause?: unknown): KvError {
  return new KvError('BadRequest', message, { hint: 'npm run bench -- --help', cause })
}
