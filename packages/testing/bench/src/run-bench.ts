/** A whole run: systems up, suites in order, everything down. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { KvError } from '@base-kv/base'
import { VALUE_BYTES } from './call-body.ts'
import { Children } from './children.ts'
import { type ClientMeasurement, measureClient } from './client-suite.ts'
import { startEtcd } from './etcd-cluster.ts'
import { describeMachine, type Machine } from './machine.ts'
import { measure, type Measurement } from './measure.ts'
import { measureMemory } from './memory-suite.ts'
import type { BenchOptions, Side } from './options.ts'
import { type OurSystem, startOurs } from './our-cluster.ts'
import { anonymousBytes } from './process-stat.ts'
import { measureRest } from './rest-suite.ts'
import {
  clientFigures,
  loadMemoryFigures,
  memoryFigures,
  pointFigures,
  type Results,
  restFigures,
  snapshotFigures,
} from './results.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { measureSnapshot } from './snapshot-suite.ts'
import { median } from './statistics.ts'
import { clientTarget, points } from './suites.ts'
import type { System } from './system.ts'

const CLONE = fileURLToPath(new URL('../../../..', import.meta.url))
const REST_SECONDS = 20
const MEMORY_SECONDS_MIN = 60
const MEMORY_SAMPLE_MS = 250

export interface BenchDeps {
  /** One line of progress. */
  say(line: string): void
  /** Aborted: the run ends at once, with everything that it started. */
  readonly signal: AbortSignal
}

/** @throws KvError */
export async function runBench(options: BenchOptions, deps: BenchDeps): Promise<Results> {
  const h2load = toolVersion('h2load', 'nghttp2-client')
  const sides = withoutMissingEtcd(options.sides, deps.say)
  const scratch = makeScratchFolder(CLONE)
  const children = new Children(scratch.path)
  const stop = () => void children.stop()
  deps.signal.addEventListener('abort', stop)
  const systems: System[] = []
  try {
    const startedAt = new Date().toISOString()
    const machine = describeMachine(scratch)
    let ours: OurSystem | undefined
    if (sides.includes('ours')) systems.push((ours = await startOurs(children, CLONE)))
    if (sides.includes('etcd')) systems.push(await startEtcd(children))
    deps.say(
      `started ${systems.map(({ side, version }) => `${side === 'ours' ? 'base-kv' : side} ${version}`).join(' and ')}, three nodes each`,
    )
    const figures = await new Bench(options, deps, { children, systems, machine, ours }).run()
    return {
      startedAt,
      seconds: options.seconds,
      rounds: options.rounds,
      load: 'h2load, one thread, the same at both; connections × streams: 1 = 1×1, 8 = 2×4, 32 = 4×8, 64 = 4×16, 256 = 4×64; to the leader; key and body change every 2 ms',
      machine,
      versions: {
        ...Object.fromEntries(systems.map(({ side, version }) => [side === 'ours' ? 'base-kv' : side, version])),
        h2load,
        node: process.version,
      },
      fsync: Object.fromEntries(
        await Promise.all(systems.map(async (system) => [system.side, await system.syncEvidence()] as const)),
      ),
      ...figures,
    }
  } finally {
    deps.signal.removeEventListener('abort', stop)
    await Promise.allSettled(systems.map((system) => system.close()))
    await children.stop()
  }
}

interface BenchParts {
  readonly children: Children
  readonly systems: readonly System[]
  readonly machine: Machine
  readonly ours: OurSystem | undefined
}

type Figures = Pick<
  Results,
  'points' | 'clientPut' | 'rest' | 'memory' | 'memoryUnderLoad' | 'snapshot' | 'foreignCpuShare'
>

class Bench {
  readonly #options: BenchOptions
  readonly #deps: BenchDeps
  readonly #parts: BenchParts
  readonly #value = randomBytes(VALUE_BYTES)
  readonly #peaks: number[] = []
  readonly #foreign: number[] = []
  #peakAnonymousBytes = 0
  #marks = 0

  constructor(options: BenchOptions, deps: BenchDeps, parts: BenchParts) {
    this.#options = options
    this.#deps = deps
    this.#parts = parts
  }

  async run(): Promise<Figures> {
    const sampling = setInterval(() => this.#sampleMemory(), MEMORY_SAMPLE_MS)
    try {
      return await this.#suites()
    } catch (thrown) {
      // A node that ended explains more than what it broke.
      for (const node of this.#parts.systems.flatMap(({ nodes }) => nodes)) node.check()
      throw thrown
    } finally {
      clearInterval(sampling)
    }
  }

  /** The kernel keeps the highest mark of the whole only, not of this part of it. */
  #sampleMemory(): void {
    for (const { pid } of this.#parts.ours?.nodes ?? []) {
      if (existsSync(`/proc/${pid}/status`)) {
        this.#peakAnonymousBytes = Math.max(this.#peakAnonymousBytes, anonymousBytes(pid) || 0)
      }
    }
  }

  async #suites(): Promise<Figures> {
    const { suites } = this.#options
    const rest = suites.includes('rest') ? await this.#rest() : null
    const measured = await this.#points()
    const unary = measured.find(({ name }) => name === `put ${clientTarget.inFlight}`)?.ours?.perSecond
    const clientPut = suites.includes('client') ? await this.#client(unary) : null
    const memory = suites.includes('memory') ? await this.#memory() : null
    const snapshot = suites.includes('snapshot') ? await this.#snapshot() : null
    return {
      points: measured,
      clientPut,
      rest,
      memory,
      memoryUnderLoad: loadMemoryFigures(this.#peaks, this.#peakAnonymousBytes),
      snapshot,
      foreignCpuShare: this.#foreign.length === 0 ? null : median(this.#foreign),
    }
  }

  async #rest(): Promise<Results['rest']> {
    this.#deps.say(`at rest: ${REST_SECONDS} s without any request`)
    return restFigures(await measureRest(this.#parts.systems, REST_SECONDS, this.#deps.signal))
  }

  async #points(): Promise<Results['points']> {
    const { systems, children, machine } = this.#parts
    const { rounds, seconds, suites } = this.#options
    const chosen = points.filter(({ suite }) => suites.includes(suite))
    const total = chosen.length * rounds * systems.length
    let done = 0
    const figures = []
    for (const point of chosen) {
      const measured: Record<Side, Measurement[]> = { ours: [], etcd: [] }
      for (let round = 1; round <= rounds; round++) {
        for (const system of systems) {
          const result = await measure(
            system,
            point,
            { seconds, mark: this.#mark() },
            { children, systems, value: this.#value, cores: machine.cores },
          )
          measured[system.side].push(result)
          this.#foreign.push(result.foreignCpuShare)
          if (system.side === 'ours') this.#peaks.push(result.peakRssBytes)
          this.#deps.say(`${++done}/${total} ${progress(point.name, system.side, result)}`)
        }
      }
      figures.push(pointFigures(point, measured))
    }
    return figures
  }

  async #client(unaryPerSecond: number | undefined): Promise<Results['clientPut']> {
    const { ours, children, machine } = this.#parts
    if (!ours) return null
    const rounds: ClientMeasurement[] = []
    for (let round = 1; round <= this.#options.rounds; round++) {
      const result = await measureClient(
        ours,
        { seconds: this.#options.seconds, inFlight: clientTarget.inFlight, mark: this.#mark() },
        { children, value: this.#value, cores: machine.cores, systems: this.#parts.systems },
      )
      rounds.push(result)
      this.#peaks.push(result.peakRssBytes)
      this.#deps.say(
        `client-put ${clientTarget.inFlight}: ${Math.round(result.perSecond)}/s, p50 ${result.p50Ms.toFixed(2)} ms`,
      )
    }
    return clientFigures(rounds, unaryPerSecond)
  }

  async #memory(): Promise<Results['memory']> {
    const { ours, children } = this.#parts
    if (!ours) return null
    const seconds = Math.max(MEMORY_SECONDS_MIN, this.#options.seconds)
    this.#deps.say(`memory: ${seconds} s of load`)
    return memoryFigures(await measureMemory(ours, { seconds, mark: this.#mark() }, { children, value: this.#value }))
  }

  async #snapshot(): Promise<Results['snapshot']> {
    const { ours } = this.#parts
    return ours ? snapshotFigures(await measureSnapshot(ours, { mark: this.#mark(), say: this.#deps.say })) : null
  }

  /** Keys that no other measurement of this run has. */
  #mark(): string {
    return `m${(++this.#marks).toString(36)}`
  }
}

function progress(name: string, side: Side, result: Measurement): string {
  const notes = [
    ...(result.leaderMoved ? ['the leader moved'] : []),
    ...(result.foreignCpuShare > 0.1
      ? [`${Math.round(result.foreignCpuShare * 100)} % of the machine used by others`]
      : []),
  ]
  return (
    `${name} ${side === 'ours' ? 'base-kv' : side}: ${Math.round(result.perSecond)}/s, p50 ${result.p50Ms.toFixed(2)} ms, ` +
    `p99 ${result.p99Ms.toFixed(2)} ms, leader ${result.leaderMicroseconds.toFixed(1)} µs/op` +
    (notes.length > 0 ? ` (${notes.join(', ')})` : '')
  )
}

/** @throws KvError BadConfig that names the package */
function toolVersion(tool: string, debianPackage: string): string {
  try {
    return (
      execFileSync(tool, ['--version'], { encoding: 'utf8' })
        .trim()
        .split('\n')[0]
        ?.replace(/^h2load /, '') ?? ''
    )
  } catch (cause) {
    throw new KvError('BadConfig', `${tool} is not installed`, { hint: `apt-get install ${debianPackage}`, cause })
  }
}

function withoutMissingEtcd(sides: readonly Side[], say: (line: string) => void): readonly Side[] {
  if (!sides.includes('etcd')) return sides
  try {
    toolVersion('etcd', 'etcd-server')
    return sides
  } catch (thrown) {
    if (!sides.includes('ours')) throw thrown
    say('etcd is not installed (Debian package etcd-server): base-kv alone is measured, without ratios')
    return sides.filter((side) => side !== 'etcd')
  }
}
