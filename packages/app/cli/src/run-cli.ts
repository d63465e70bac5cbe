import { CommanderError } from 'commander'
import { printError } from './output/print-error.ts'
import { program } from './program.ts'

/** Runs one command line. @returns the exit code of the process */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    const answer: { exitCode: number } = { exitCode: 0 }
    await program(answer).parseAsync(args, { from: 'user' })
    return answer.exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usageFailed(thrown, args)
    return printError(thrown)
  }
}

/** Commander stops with an "error" also after it printed a help text or the version; those are fine. */
function usageFailed(error: CommanderError, args: readonly string[]): number {
  if (error.exitCode === 0) return 0
  // Help shown because a command wants a sub-command.
  if (error.code === 'commander.help') return 2
  const what = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  const words = args.slice(0, 2).filter((word) => /^[a-z][a-z-]*$/.test(word))
  const hint = /Did you mean/.test(what) ? '' : `; see \`base-kv ${[...words, '--help'].join(' ')}\``
  process.stderr.write(`error BAD_REQUEST: ${what}${hint}\n`)
  return 2
}
