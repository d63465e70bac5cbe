/**
 * Tests as text: steps, a line of dashes, and what they print.
 *
 *     # A comment; everything up to the output is kept as it is.
 *     propose 1 hello count=3
 *     settle
 *     ----
 *     1 commits 3
 *
 * A block's output ends at an empty line. With REWRITE=1 in the environment `checkScript` writes what the steps print
 * into the file instead of comparing: the difference is then read in review.
 */
import { readFileSync, writeFileSync } from 'node:fs'

export interface ScriptCommand {
  readonly name: string
  /** The plain words behind the name. */
  readonly words: readonly string[]
  /** The `key=value` words. */
  readonly options: Readonly<Record<string, string>>
  readonly line: number
}

export interface ScriptBlock {
  /** Comments and empty lines before the commands, and the commands, as written. */
  readonly source: readonly string[]
  readonly commands: readonly ScriptCommand[]
  readonly expected: readonly string[]
}

export interface Script {
  readonly blocks: readonly ScriptBlock[]
  /** Comments behind the last block. */
  readonly tail: readonly string[]
}

/** @throws Error naming the line of a block without dashes. */
export function parseScript(text: string): Script {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const blocks: ScriptBlock[] = []
  let source: string[] = []
  let commands: ScriptCommand[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    if (line.startsWith('----')) {
      const expected: string[] = []
      while (i + 1 < lines.length && lines[i + 1] !== '') expected.push(lines[++i] as string)
      blocks.push({ source, commands, expected })
      source = []
      commands = []
      i++
      continue
    }
    source.push(line)
    const command = parseCommand(line, i + 1)
    if (command) commands.push(command)
  }
  const open = commands[0]
  if (open) throw new Error(`line ${open.line}: "${open.name}" is not followed by a line of dashes`)
  return { blocks, tail: source }
}

function parseCommand(line: string, number: number): ScriptCommand | undefined {
  const [name, ...rest] = line.split('#')[0]?.trim().split(/\s+/) ?? []
  if (!name) return undefined
  const words: string[] = []
  const options: Record<string, string> = {}
  for (const word of rest) {
    const at = word.indexOf('=')
    if (at > 0) options[word.slice(0, at)] = word.slice(at + 1)
    else words.push(word)
  }
  return { name, words, options, line: number }
}

/** Runs every command in order. @returns the script's text with what the commands printed. */
export function runScript(script: Script, run: (command: ScriptCommand) => readonly string[]): string {
  const out: string[] = []
  for (const { source, commands } of script.blocks) {
    out.push(...source, '----')
    for (const command of commands) {
      for (const line of outputOf(command, run)) out.push(line === '' ? '.' : line)
    }
    out.push('')
  }
  out.push(...script.tail)
  while (out.at(-1) === '') out.pop()
  return `${out.join('\n')}\n`
}

function outputOf(command: ScriptCommand, run: (command: ScriptCommand) => readonly string[]): readonly string[] {
  try {
    return run(command)
  } catch (thrown) {
    throw new Error(`line ${command.line}, ${command.name}: ${String(thrown)}`, { cause: thrown })
  }
}

/** Runs the script in a file, or rewrites the file. The caller compares the two texts. */
export function checkScript(
  path: string,
  run: (command: ScriptCommand) => readonly string[],
): { readonly expected: string; readonly actual: string } {
  const expected = readFileSync(path, 'utf8')
  const actual = runScript(parseScript(expected), run)
  if (process.env['REWRITE'] !== '1') return { expected, actual }
  if (actual !== expected) writeFileSync(path, actual)
  return { expected: actual, actual }
}
