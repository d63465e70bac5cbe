/**
 * The processes and the folder of a run, and their certain end: by `stop`, or, when this process dies without a word, by
 * a watching shell that sees its pipe close.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'

const STOP_WITHIN_MS = 8_000

// Reads pids line by line; "done" ends it peacefully, the end of the pipe means that nobody else cleans up any more.
const WATCH = `trap '' INT TERM HUP
pids=
while read -r line; do
  if [ "$line" = done ]; then exit 0; fi
  pids="$pids $line"
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
sleep 0.2
rm -rf -- "$1"`

export interface Child {
  readonly name: string
  readonly pid: number
  /** Throws with the end of its log when the process has ended. */
  check(): void
}

export class Children {
  /** Everything of the run lies in here; removed at the end. */
  readonly folder: string
  readonly #processes: { readonly name: string; readonly process: ChildProcess; readonly logFile: string | null }[] = []
  readonly #watch: ChildProcess
  #stopped: Promise<void> | undefined

  constructor(folder: string) {
    this.folder = folder
    this.#watch = spawn('sh', ['-c', WATCH, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#watch.stdin?.on('error', () => {})
    this.#watch.on('error', () => {})
    this.#watch.unref()
  }

  /** A server: what it says goes to a file. */
  start(name: string, command: string, args: readonly string[], cwd?: string): Child {
    const logFile = join(this.folder, `${name}.log`)
    const log = openSync(logFile, 'a')
    const child = this.#spawn(name, command, args, { stdio: ['ignore', log, log], logFile, ...(cwd ? { cwd } : {}) })
    closeSync(log)
    return {
      name,
      pid: child.pid as number,
      check: () => {
        if (child.exitCode === null && child.signalCode === null) return
        throw new KvError(
          'InternalError',
          `${name} ended (${child.signalCode ?? child.exitCode}): ${lastLines(logFile)}`,
        )
      },
    }
  }

  /** Runs to the end and gives what it printed. `onPid` once it runs. */
  async run(name: string, command: string, args: readonly string[], onPid?: (pid: number) => void): Promise<string> {
    const child = this.#spawn(name, command, args, { stdio: ['ignore', 'pipe', 'pipe'], logFile: null })
    onPid?.(child.pid as number)
    let printed = ''
    let complaint = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const code = await new Promise((resolve, reject) => {
      child.on('close', (exit, signal) => resolve(exit ?? signal))
      child.on('error', reject)
    })
    this.#processes.splice(
      this.#processes.findIndex(({ process }) => process === child),
      1,
    )
    if (code === 0) return printed
    throw new KvError(
      'InternalError',
      `${name} ended with ${String(code)}: ${(complaint || printed).trim().slice(-500)}`,
    )
  }

  /** Ends all processes, removes the folder. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  async #stop(): Promise<void> {
    const running = this.#processes.filter(({ process }) => process.exitCode === null && process.signalCode === null)
    const ended = running.map(({ process }) => new Promise((resolve) => process.once('exit', resolve)))
    for (const { process } of running) process.kill('SIGTERM')
    const cut = setTimeout(() => running.forEach(({ process }) => process.kill('SIGKILL')), STOP_WITHIN_MS)
    await Promise.all(ended)
    clearTimeout(cut)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
    this.#watch.stdin?.end('done\n')
  }

  #spawn(
    name: string,
    command: string,
    args: readonly string[],
    { stdio, logFile, cwd }: { stdio: ('ignore' | 'pipe' | number)[]; logFile: string | null; cwd?: string },
  ): ChildProcess {
    if (this.#stopped) throw new KvError('Cancelled', 'the run is being stopped')
    // Settings of the user's own nodes must not reach these.
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(BASE_KV_|ETCD_|NODE_)/.test(key)))
    // A group of its own: Ctrl-C is this process's to handle, so that all end in order.
    const child = spawn(command, args, { stdio, env, detached: true, ...(cwd ? { cwd } : {}) })
    child.on('error', () => {})
    if (child.pid === undefined) throw new KvError('InternalError', `${name} could not be started: ${command}`)
    this.#processes.push({ name, process: child, logFile })
    this.#watch.stdin?.write(`${child.pid}\n`)
    return child
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' | ').slice(-1_000) || 'it said nothing'
}
