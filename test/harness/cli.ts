/** The command `base-kv` as users run it: a process with arguments, output and an exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const main = `${root}packages/app/cli/dist/main.js`

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly withinMs?: number
}

export interface RunningCli {
  readonly child: ChildProcess
  /** What it printed so far. */
  readonly stdout: string
  readonly stderr: string
  readonly ended: Promise<Ended>
}

/** Clusters and nodes started with this environment end with the test process. */
export function ownEnvironment(): Record<string, string> {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return { BASE_KV_SUPERVISOR: `${process.pid}:${startTicks}` }
}

export function startCli(args: readonly string[], { env = {}, stdin, withinMs = 60_000 }: CliOptions = {}): RunningCli {
  if (!existsSync(main)) throw new Error(`${main} is not built; run \`npm run build\``)
  const { BASE_KV_ENDPOINTS: _, BASE_KV_DATA: __, ...inherited } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...inherited, ...ownEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const begun = performance.now()
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  // It may end without having read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin ?? '')
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...output, tookMs: performance.now() - begun })
    })
  })
  return {
    child,
    get stdout() {
      return output.stdout
    },
    get stderr() {
      return output.stderr
    },
    ended,
  }
}

export const runCli = (args: readonly string[], options?: CliOptions): Promise<Ended> => startCli(args, options).ended
