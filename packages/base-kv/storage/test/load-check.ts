/** What load-process.ts wrote and what must be found afterwards. */
import { strict as assert } from 'node:assert'
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { logIndex, type Term } from '@base-kv/base'
import { EntryType, type Entry } from '@base-kv/raft'
import { bytes, open, R1, text } from './fixtures.ts'

const KEYS = 500

export const keyOf = (index: number): Uint8Array => bytes(`key${index % KEYS}`)
export const valueOf = (index: number): Uint8Array => bytes(`value ${index} ${'.'.repeat(index % 300)}`)

export function entryOf(index: number, term: Term): Entry {
  return { index: logIndex(index), term, type: EntryType.command, data: valueOf(index) }
}

/** The newest of what a load process said was acknowledged. */
export interface Acknowledged {
  entry: number
  flushed: number
  /** Term to store. */
  readonly votes: Map<number, string>
}

export interface LoadProcess {
  readonly child: ChildProcess
  /** It has loaded its code and waits: open the folder and go. */
  go(): void
  /** Resolves at the first line that `wanted` takes; rejects when the process ends before. */
  line(wanted: (line: string) => boolean): Promise<void>
  /** Resolves when the process ended and all that it said was heard. */
  readonly ended: Promise<number | null>
}

/** With a folder as `compileCache` later processes start in a third of the time: types are stripped once. */
export function startLoad(directory: string, acknowledged: Acknowledged, compileCache?: string): LoadProcess {
  const script = fileURLToPath(new URL('load-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', '--conditions=source', script, directory], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: compileCache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: compileCache },
  })
  let rest = ''
  let errors = ''
  let watchers: { wanted: (line: string) => boolean; resolve: () => void; reject: (error: Error) => void }[] = []
  // Killed before it was told to go.
  child.stdin.on('error', () => {})
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      hear(line, acknowledged)
      for (const watcher of watchers) if (watcher.wanted(line)) watcher.resolve()
      watchers = watchers.filter((watcher) => !watcher.wanted(line))
    }
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      for (const { reject } of watchers) reject(new Error(`the load process ended (${code}): ${errors}`))
      resolve(code)
    })
  })
  const line = (wanted: (line: string) => boolean): Promise<void> =>
    new Promise((resolve, reject) => watchers.push({ wanted, resolve, reject }))
  return { child, go: () => child.stdin.end('go'), line, ended }
}

function hear(line: string, acknowledged: Acknowledged): void {
  const [what, first, second] = line.split(' ')
  if (what === 'entry') acknowledged.entry = Number(first)
  if (what === 'flushed') acknowledged.flushed = Number(first)
  if (what === 'vote') acknowledged.votes.set(Number(first), second as string)
}

/** Opens the folder and compares. */
export async function checkLoad(directory: string, acknowledged: Acknowledged): Promise<void> {
  const storage = await open(directory)
  try {
    const [found] = storage.found
    if (found === undefined) {
      assert.equal(acknowledged.entry, 0)
      return
    }
    assert.deepEqual({ state: found.state, reason: found.reason }, { state: 'ok', reason: '' })
    assert(
      found.lastIndex >= acknowledged.entry,
      `the log ends at ${found.lastIndex}, ${acknowledged.entry} was acknowledged`,
    )
    const entries = storage.log.reader(R1).entries(logIndex(found.snapshot.index + 1), found.lastIndex, Infinity)
    for (const { index, data } of entries) assert.equal(text(data), text(valueOf(index)))

    const newestVote = Math.max(...acknowledged.votes.keys(), 0)
    assert(found.hardState.term >= newestVote, `term ${found.hardState.term}, voted in ${newestVote}`)
    if (found.hardState.term === newestVote) {
      assert.equal(found.hardState.vote?.store, acknowledged.votes.get(newestVote))
    }

    const applied = storage.data.range(R1).record.applied.index
    assert(applied >= acknowledged.flushed, `applied up to ${applied}, flushed up to ${acknowledged.flushed}`)
    for (let index = Math.max(2, applied - KEYS + 1); index <= applied; index++) {
      const value = text(storage.data.range(R1).get('user', keyOf(index)))
      assert.equal(value, text(valueOf(index)), `applied ${applied}: the key of ${index}`)
    }
  } finally {
    await storage.close()
  }
}
