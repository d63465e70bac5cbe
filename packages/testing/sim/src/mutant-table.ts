import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutants, type Mutant } from './mutants.ts'

export interface MutantResult {
  readonly id: string
  /** How many seeds were run. */
  readonly seeds: number
  /** The one that caught it. */
  readonly seed: number | null
  readonly checker: string | null
  readonly message: string | null
}

/** One process for each mutant, as a module is loaded once a process. */
function runMutantProcess(
  mutant: Mutant,
  range: { readonly from: number; readonly seeds: number },
): Promise<MutantResult> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const flags = ['--no-warnings', '--conditions=source', main]
  const words = ['--mutant', mutant.id, '--from', String(range.from), '--seeds', String(range.seeds)]
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...words], { timeout: 1_800_000 }, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? ''
      if (line.startsWith('{')) {
        resolve(JSON.parse(line) as MutantResult)
        return
      }
      const reason = stderr.split('\n').find((text) => text.includes('Error: ')) ?? error?.message ?? 'no answer'
      resolve({ id: mutant.id, seeds: 0, seed: null, checker: null, message: reason })
    })
  })
}

/** All mutants, `width` processes at a time, in the order of the list. */
export async function runMutants(
  range: (mutant: Mutant) => { readonly from: number; readonly seeds: number },
  width: number,
  each: (mutant: Mutant, result: MutantResult) => void,
): Promise<void> {
  const running: Promise<MutantResult>[] = []
  for (let i = 0; i < mutants.length; i++) {
    const next = i + width - 1
    while (running.length <= next && running.length < mutants.length) {
      const mutant = mutants[running.length] as Mutant
      running.push(runMutantProcess(mutant, range(mutant)))
    }
    each(mutants[i] as Mutant, await (running[i] as Promise<MutantResult>))
  }
}

/**
 * Prints the table of mutants. Replays each one's recorded seed, or with `search` looks for the first seed that catches
 * it, and with `record` writes it into the list. @returns 0 when all were caught.
 */
export async function replayMutants(options: {
  readonly search: boolean
  readonly record: boolean
  readonly from: number
  readonly seeds: number
}): Promise<number> {
  let survivors = 0
  const seeds = new Map<string, number>()
  console.log(row('mutant', 'catalogue', 'seed', 'checker', 'bug'))
  await runMutants(
    (mutant) => (options.search || options.record ? options : { from: mutant.seed, seeds: 1 }),
    2,
    (mutant, result) => {
      if (result.seed === null) survivors++
      else seeds.set(mutant.id, result.seed)
      const seed = result.seed === null ? `none in ${result.seeds}` : String(result.seed)
      console.log(row(mutant.id, mutant.catalogue, seed, result.checker ?? 'SURVIVED', mutant.bug))
      if (result.seeds === 0) console.log(`  could not run: ${result.message}`)
    },
  )
  if (options.record) recordSeeds(seeds)
  console.log(`${mutants.length - survivors} of ${mutants.length} mutants caught`)
  return survivors === 0 ? 0 : 1
}

/** Rewrites the `seed` of each mutant in the sources of the list. */
function recordSeeds(seeds: ReadonlyMap<string, number>): void {
  const folder = fileURLToPath(new URL('mutants/', import.meta.url))
  for (const name of readdirSync(folder)) {
    const old = readFileSync(join(folder, name), 'utf8')
    let text = old
    for (const [id, seed] of seeds) {
      const place = new RegExp(`(id: '${id}',[^]*?\\n    seed: )\\d+`)
      text = text.replace(place, (_, before: string) => before + String(seed))
    }
    if (text !== old) writeFileSync(join(folder, name), text)
  }
}

const row = (id: string, catalogue: string, seed: string, checker: string, bug: string): string =>
  `${id.padEnd(30)} ${catalogue.padEnd(12)} ${seed.padEnd(12)} ${checker.padEnd(22)} ${bug}`
