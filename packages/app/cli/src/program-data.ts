import type { Command } from 'commander'
import { addClientOptions } from './client-options.ts'
import { command, type ExitSlot, withExamples } from './command.ts'

const BYTES = 'UTF-8 text; hex:… and base64:… give any bytes'
const CONSISTENCY = 'linearizable (newest), lease (newest while clocks run evenly) or stale (what the node has)'

export function addDataCommands(root: Command, slot: ExitSlot): void {
  const actions = () => import('./commands/data.ts')

  const put = command('put', 'Write a key')
    .argument('<key>', BYTES)
    .argument('[value]', BYTES)
    .option('--file <path>', 'take the value from a file; - is standard input')
    .action(async (key: string, value: string | undefined, flags) => (await actions()).put(key, value, flags))
  withExamples(put, 'put greeting hello', 'put hex:00ff base64:aGVsbG8=', 'put picture --file cat.png')

  const get = command('get', 'Read a key: prints the bare value; exit code 3 when it is absent')
    .argument('<key>', BYTES)
    .option('--consistency <word>', CONSISTENCY)
    .action(async (key: string, flags) => (await actions()).get(key, flags))
  withExamples(get, 'get greeting', 'get greeting -o json', 'get greeting --consistency stale')

  const del = command('del', 'Delete a key; deleting what is absent is fine')
    .argument('<key>', BYTES)
    .action(async (key: string, flags) => (await actions()).del(key, flags))
  withExamples(del, 'del greeting')

  const scan = command('scan', 'List keys in order')
    .option('--start <key>', 'from here, inclusive')
    .option('--end <key>', 'up to here, exclusive')
    .option('--prefix <key>', 'only keys that begin so')
    .option('--limit <n>', 'at most so many')
    .option('--keys-only', 'leave the values out')
    .option('--consistency <word>', CONSISTENCY)
    .action(async (flags) => (await actions()).scan(flags))
  withExamples(scan, 'scan --prefix user/', 'scan --start a --end b --limit 10', 'scan --keys-only -o raw | wc -l')

  const cas = command('cas', 'Write a key only if it holds what you expect; exit code 3 when it does not')
    .argument('<key>', BYTES)
    .option('--expect <value>', 'what it must hold')
    .option('--absent', 'it must not exist')
    .requiredOption('--value <value>', 'what to write')
    .action(async (key: string, flags) => {
      slot.exitCode = await (await actions()).cas(key, flags)
    })
  withExamples(cas, 'cas lock --absent --value me', 'cas lock --expect me --value you')

  for (const one of [put, get, del, scan, cas]) root.addCommand(addClientOptions(one))
}
