import type { Command } from 'commander'
import { addClientOptions } from './client-options.ts'
import { command, type ExitSlot, withExamples, whole } from './command.ts'

export function addToolCommands(root: Command, slot: ExitSlot): void {
  const version = command('version', 'Versions of this command, of its Node, and of the nodes that answer').action(
    async (flags) => (await import('./commands/version.ts')).version(flags),
  )
  root.addCommand(addClientOptions(withExamples(version, 'version', 'version -o json')))

  const tour = command('tour', 'See it survive: kill -9 of the leader under load, again and again, nothing lost')
    .option('--rounds <n>', 'how often the leader is killed', '20')
    .option('--keys <n>', 'how many keys are written first', '1000')
    .action(async (flags) => {
      const { tour } = await import('./tour/tour.ts')
      const [rounds, keys] = [whole(flags.rounds, '--rounds', 1, 1_000), whole(flags.keys, '--keys', 1, 100_000)]
      slot.exitCode = await tour({ rounds, keys }, (text) => void process.stdout.write(text))
    })
  root.addCommand(withExamples(tour, 'tour', 'tour --rounds 3'))

  for (const [name, about, example] of [
    ['bench', 'Measure throughput and latency (as npm run bench)', 'bench --only ours'],
    ['chaos', 'Break things under load and check every promise (as npm run chaos)', 'chaos --seconds 60 --seed 1'],
    ['sim', 'Run the deterministic simulator (as npm run sim)', 'sim --seeds 100'],
  ] as const) {
    const one = command(name, about)
      .argument('[args...]', 'passed on')
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (args: string[]) => {
        slot.exitCode = await (await import('./commands/script.ts')).runScript(name, args)
      })
    root.addCommand(withExamples(one, example))
  }
}
