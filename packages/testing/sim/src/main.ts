/** The command: `npm run sim -- --seeds N --from S`. Exit codes: 0 fine, 1 a violation or a surviving mutant, 2 usage. */
import { parseArgs } from 'node:util'
import { gossipCommand } from './gossip/gossip-command.ts'
import { installMutant } from './mutant-hook.ts'
import { replayMutants } from './mutant-table.ts'
import { type Mutant, mutants } from './mutants.ts'

const usage = `Runs the Raft core, or whole stores, under a simulated clock, network and disk. A seed decides everything.

  npm run sim                               seeds 1..200
  npm run sim -- --seeds 5000 --from 1000   more of them
  npm run sim -- --seeds 1 --from 42 --trace
                                            one run, every event as a line
  npm run sim -- --seeds 500 --json         the sums as one line of JSON
  npm run sim -- --stores --seeds 100       whole stores, with clients, splits, merges and moves
  npm run sim -- --mutants                  puts known bugs into the core, one by one, and shows who catches them
  npm run sim -- --mutants --search         looks for the first seed from --from on that catches each
  npm run sim -- --mutants --record         and writes these seeds into the list
  npm run sim -- --mutant ID --seeds 2000   looks for one only

  npm run sim -- --gossip [NAME]            membership and replicated maps: 64 members for a day, and more (half an hour)
  npm run sim -- --gossip --quick           the same, small: what the tests run
  npm run sim -- --gossip --mutants         known bugs put into them

Options: --gossip, --quick, --stores, --seeds N (default 200; 2000 with mutants), --from S (default 1), --trace, --json, --mutants, --search,
--record, --mutant ID, --help`

class UsageError extends Error {}

async function main(): Promise<number> {
  const options = readOptions()
  if (options.help) {
    console.log(usage)
    return 0
  }
  if (options.gossip) return gossipCommand(options)
  if (options.mutants) return replayMutants(options)
  const mutant = mutants.find(({ id }) => id === options.mutant)
  if (options.mutant !== undefined && !mutant) {
    throw new UsageError(`no mutant is called ${options.mutant}; --mutants lists them`)
  }
  if (mutant) installMutant(mutant)
  // Only now may what is run be loaded.
  if (options.stores || mutant?.inStores) return runStores(options, mutant)
  const { printJson, runMutant, runSweep, runTrace } = await import('./commands.ts')
  if (options.trace) return runTrace(options)
  if (options.json) return printJson(options)
  return mutant ? runMutant(mutant, options) : runSweep(options)
}

async function runStores(options: SimOptions, mutant: Mutant | undefined): Promise<number> {
  const { printStoresJson, runStoresMutant, runStoresSweep, runStoresTrace } = await import('./whole/commands.ts')
  if (options.trace) return runStoresTrace(options)
  if (mutant && !options.json) return runStoresMutant(mutant, options)
  return options.json ? printStoresJson(options) : runStoresSweep(options)
}

export interface SimOptions {
  readonly stores: boolean
  readonly seeds: number
  readonly from: number
  readonly trace: boolean
  readonly json: boolean
  readonly mutants: boolean
  readonly search: boolean
  readonly record: boolean
  readonly mutant: string | undefined
  readonly gossip: boolean
  readonly quick: boolean
  /** Names of gossip scenarios. */
  readonly names: readonly string[]
  readonly help: boolean
}

function readOptions(): SimOptions {
  let values
  let names
  try {
    ;({ values, positionals: names } = parseArgs({
      allowPositionals: true,
      options: {
        stores: { type: 'boolean' },
        seeds: { type: 'string' },
        from: { type: 'string' },
        trace: { type: 'boolean' },
        json: { type: 'boolean' },
        mutants: { type: 'boolean' },
        search: { type: 'boolean' },
        record: { type: 'boolean' },
        mutant: { type: 'string' },
        gossip: { type: 'boolean' },
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }))
    if (names.length > 0 && !values.gossip) throw new UsageError(`'${names[0]}' is no option`)
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message.split(/\.\s/)[0] : String(thrown))
  }
  const from = wholeNumber('--from', values.from ?? '1', 0)
  return {
    from,
    seeds: wholeNumber(
      '--seeds',
      values.seeds ?? (values.trace ? '1' : values.mutants || values.mutant ? '2000' : '200'),
      1,
    ),
    stores: values.stores ?? false,
    trace: values.trace ?? false,
    json: values.json ?? false,
    mutants: values.mutants ?? false,
    search: values.search ?? false,
    record: values.record ?? false,
    mutant: values.mutant,
    gossip: values.gossip ?? false,
    quick: values.quick ?? false,
    names,
    help: values.help ?? false,
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > 0xffff_ffff) {
    throw new UsageError(`${name} wants a whole number from ${min} to 4294967295, not '${text}'`)
  }
  return value
}

try {
  process.exitCode = await main()
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown
  console.error(`error: ${thrown.message}; see --help`)
  process.exitCode = 2
}
