/** `npm run sim -- --gossip`: the scenarios, each a line; with --mutants each known bug in a process of its own. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { installMutant } from '../mutant-hook.ts'
import { gossipMutants, type GossipMutant } from './gossip-mutants.ts'

export interface GossipOptions {
  readonly from: number
  readonly quick: boolean
  readonly mutants: boolean
  readonly mutant: string | undefined
  readonly names: readonly string[]
}

/** @returns the exit code: 1 for a broken promise or a surviving mutant. */
export async function gossipCommand(options: GossipOptions): Promise<number> {
  if (options.mutants) return replayGossipMutants()
  const mutant = gossipMutants.find(({ id }) => id === options.mutant)
  if (options.mutant !== undefined && !mutant) {
    console.error(
      `error: no gossip mutant is called ${options.mutant}: ${gossipMutants.map(({ id }) => id).join(', ')}`,
    )
    return 2
  }
  if (mutant) installMutant(mutant)
  // Only now may the cores be loaded.
  const { scenarios } = await import('./all-scenarios.ts')
  const names = mutant ? [mutant.scenario] : options.names
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown !== undefined) {
    console.error(`error: no scenario is called '${unknown}': ${scenarios.map(({ name }) => name).join(', ')}`)
    return 2
  }
  let broken = 0
  for (const scenario of scenarios) {
    if (names.length > 0 && !names.includes(scenario.name)) continue
    const begun = performance.now()
    const { violation, figures } = scenario.run(options.from, options.quick || mutant ? 'test' : 'full')
    if (violation !== null) broken++
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
    console.log(`${scenario.name.padEnd(16)} ${violation ?? 'kept'}: ${scenario.promise}`)
    console.log(`${' '.repeat(17)}${text.join(', ')}; ${seconds} s`)
  }
  return broken === 0 ? 0 : 1
}

/** @returns the violation that the mutant's scenario reports, or null when it survived. */
export function runGossipMutant(mutant: GossipMutant): Promise<string | null> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const args = ['--no-warnings', '--conditions=source', main, '--gossip', '--mutant', mutant.id]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 600_000 }, (error, stdout, stderr) => {
      const line = stdout.split('\n')[0]?.slice(17) ?? ''
      if (!error) resolve(null)
      else if (error.code === 1 && line !== '') resolve(line.split(': ')[0] ?? line)
      else reject(new Error(`mutant ${mutant.id} could not run: ${stderr}`))
    })
  })
}

async function replayGossipMutants(): Promise<number> {
  let survivors = 0
  for (const mutant of gossipMutants) {
    const violation = await runGossipMutant(mutant)
    if (violation === null) survivors++
    console.log(
      `${mutant.id.padEnd(22)} ${mutant.catalogue.padEnd(8)} ${mutant.scenario.padEnd(14)} ${violation ?? 'SURVIVED'} (${mutant.bug})`,
    )
  }
  console.log(`${gossipMutants.length - survivors} of ${gossipMutants.length} mutants caught`)
  return survivors === 0 ? 0 : 1
}
