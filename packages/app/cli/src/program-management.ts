import type { Command } from 'commander'
import { addClientOptions } from './client-options.ts'
import { command, type ExitSlot, withExamples } from './command.ts'

const STORE = 'a node’s name, or a unique prefix of the store id'

export function addManagementCommands(root: Command, slot: ExitSlot): void {
  const inspect = () => import('./commands/inspect.ts')
  const manage = () => import('./commands/manage.ts')

  const status = command('status', 'One page of health; exit code 69 when a range has no leader').action(
    async (flags) => {
      slot.exitCode = await (await inspect()).status(flags)
    },
  )
  withExamples(status, 'status', 'status -o json')

  const members = command('members', 'Who belongs to the cluster, as one endpoint sees it').action(async (flags) =>
    (await inspect()).members(flags),
  )
  withExamples(members, 'members', 'members --endpoints 127.0.0.1:7702')

  const landscape = command('landscape', 'The stores').action(async (flags) => (await inspect()).landscape(flags))
  withExamples(landscape, 'landscape', 'landscape -o json')

  const range = command('range', 'Look at ranges and manage them')
  withExamples(range, 'range list', 'range transfer --to n2')

  const list = command('list', 'The ranges: leader, boundary, version, voters, applied index of each replica').action(
    async (flags) => (await inspect()).rangeList(flags),
  )
  withExamples(list, 'range list', 'range list -o json')

  const transfer = command('transfer', 'Let another voter lead')
    .option('--range <id>', 'which (not needed when there is one)')
    .requiredOption('--to <store>', STORE)
    .action(async (flags) => (await manage()).transfer(flags))
  withExamples(transfer, 'range transfer --to n2')

  const replicas = command('replicas', 'Choose who holds a range; lets a wiped node in again')
    .option('--range <id>', 'which (not needed when there is one)')
    .requiredOption('--voters <list>', `comma-separated; each ${STORE}`)
    .option('--learners <list>', 'likewise; they follow without a vote')
    .action(async (flags) => (await manage()).replicas(flags))
  withExamples(replicas, 'range replicas --voters n1,n2,n3', 'range replicas --voters n1,n2,n3 --learners n4')

  const split = command('split', 'Split a range at a key; no data moves')
    .option('--range <id>', 'which (default: the one that holds the key)')
    .requiredOption('--key <key>', 'first key of the right half')
    .action(async (flags) => (await manage()).split(flags))
  withExamples(split, 'range split --key m')

  const merge = command('merge', 'Merge two neighbours')
    .requiredOption('--left <id>', 'the one that stays')
    .requiredOption('--right <id>', 'the one that is absorbed')
    .action(async (flags) => (await manage()).merge(flags))
  withExamples(merge, 'range merge --left 1_0 --right 1_5')

  const recover = command('recover', 'Go on with one replica when a majority is lost for ever')
    .option('--range <id>', 'which (not needed when there is one)')
    .requiredOption('--store <store>', `the replica to go on with: ${STORE}`)
    .option('--all', 'every range that lost its majority and is nowhere more advanced')
    .option('--accept-data-loss', 'yes, what only the others had is lost')
    .option('--lost <list>', 'instead of typing them: the members that do not answer and must never return')
    .action(async (flags) => (await import('./commands/recover.ts')).recover(flags))
  withExamples(
    recover,
    'range recover --store n1 --accept-data-loss',
    'range recover --store n1 --accept-data-loss --lost n2,n3',
    'range recover --all --store n1 --accept-data-loss',
  )

  // `--store` of recover is its target, as the contract has it; so its service cannot be chosen.
  for (const one of [list, transfer, replicas, split, merge]) range.addCommand(addClientOptions(one))
  range.addCommand(addClientOptions(recover, { withStore: false }))
  for (const one of [status, members, landscape]) root.addCommand(addClientOptions(one))
  root.addCommand(range)
}
