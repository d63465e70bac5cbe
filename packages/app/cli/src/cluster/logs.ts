import { createReadStream, existsSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { KvError } from '@base-kv/base'
import { findNode, logPath, needCluster } from './cluster-folder.ts'
import { showLogLine } from './node-exit.ts'

export interface LogsOptions {
  readonly folder: string
  readonly name: string
  readonly lines: number
  readonly follow: boolean
  /** The JSON lines as they are. */
  readonly json: boolean
}

const POLL_MS = 200

/** Prints the newest lines of a node's log; with `follow` goes on until interrupted. */
export async function logs({ folder, name, lines, follow, json }: LogsOptions, say: (text: string) => void) {
  findNode(needCluster(folder), name)
  const path = logPath(folder, name)
  if (!existsSync(path)) {
    throw new KvError('NotFound', `${name} has no log yet`, { hint: `start it: base-kv cluster start ${name}` })
  }
  const show = (line: string): void => say(`${json ? line : showLogLine(line)}\n`)
  const newest: string[] = []
  let position = statSync(path).size
  for await (const line of linesOf(path, 0, position)) {
    newest.push(line)
    if (newest.length > lines) newest.shift()
  }
  newest.forEach(show)
  while (follow) {
    await sleep(POLL_MS)
    const { size } = statSync(path)
    // The node put a large log aside and began a new one.
    if (size < position) position = 0
    if (size === position) continue
    for await (const line of linesOf(path, position, size)) show(line)
    position = size
  }
}

function linesOf(path: string, start: number, end: number): AsyncIterable<string> {
  if (end <= start) return emptyLines()
  return createInterface({ input: createReadStream(path, { start, end: end - 1 }), crlfDelay: Infinity })
}

async function* emptyLines(): AsyncGenerator<string> {}
