/**
 * The tree of commands. What a command does is loaded when it runs, so that a quick one starts quickly; here stand only
 * names, options, help and examples.
 */
import { Command, Help } from 'commander'
import { addClusterCommands } from './program-cluster.ts'
import { addDataCommands } from './program-data.ts'
import { addManagementCommands } from './program-management.ts'
import { addToolCommands } from './program-tools.ts'

/** Where an action leaves its exit code when it is not 0. */
export interface ExitSlot {
  exitCode: number
}

export function program(slot: ExitSlot): Command {
  const root = command('base-kv', 'A key-value store replicated with Raft: run it, use it, look into it.')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
First steps:
  $ base-kv cluster up --detach         three nodes on this machine
  $ base-kv put greeting hello
  $ base-kv get greeting
  $ base-kv cluster kill leader         the others take over
  $ base-kv status

Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 the answer is no, 69 no cluster or no quorum reachable,
            74 a storage write failed, 75 outcome unknown, 78 bad configuration, 130 interrupted`,
    )
  addDataCommands(root, slot)
  addClusterCommands(root, slot)
  addManagementCommands(root, slot)
  addToolCommands(root, slot)
  quiet(root)
  return root
}

export function command(name: string, about: string): Command {
  return new Command(name).description(about)
}

/** Examples behind a command's help. Every command has some. */
export function withExamples(target: Command, ...lines: string[]): Command {
  return target.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ base-kv ${line}`).join('\n')}`)
}

/** Errors come out as exceptions, for one place that prints them; settings do not reach sub-commands by themselves. */
function quiet(target: Command): void {
  target.exitOverride().configureOutput({ outputError: () => {} })
  target.createHelp = () => Object.assign(new Help(), { helpWidth: 110, showGlobalOptions: false })
  for (const child of target.commands) quiet(child)
}
