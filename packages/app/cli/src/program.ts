/**
 * The tree of commands. What a command does is loaded when it runs, so that a quick one starts quickly; here stand only
 * names, options, help and examples.
 */
import { type Command, Help } from 'commander'
import { command, type ExitSlot } from './command.ts'
import { addClusterCommands } from './program-cluster.ts'
import { addDataCommands } from './program-data.ts'
import { addManagementCommands } from './program-management.ts'
import { addToolCommands } from './program-tools.ts'

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

/** Errors come out as exceptions, for one place that prints them; settings do not reach sub-commands by themselves. */
function quiet(target: Command): void {
  target.exitOverride().configureOutput({ outputError: () => {} })
  target.createHelp = () => Object.assign(new Help(), { helpWidth: 110, showGlobalOptions: false })
  for (const child of target.commands) quiet(child)
}
