/** What every command is made with. */
import { Command } from 'commander'
import { KvError } from '@base-kv/base'

/** Where an action leaves its exit code when it is not 0. */
export interface ExitSlot {
  exitCode: number
}

export function command(name: string, about: string): Command {
  return new Command(name).description(about)
}

/** Examples behind a command's help. Every command has some. */
export function withExamples(target: Command, ...lines: string[]): Command {
  return target.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ base-kv ${line}`).join('\n')}`)
}

/** @throws KvError BadRequest */
export function whole(text: string, flag: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new KvError('BadRequest', `${flag} ${text} is no whole number from ${least} to ${most}`, {
    hint: `write for example ${flag} ${Math.max(least, Math.min(most, 3))}`,
  })
}
