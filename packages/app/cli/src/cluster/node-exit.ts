/**
 * How a node ended. A process that ends by itself leaves a note beside its log; a killed one cannot, so its supervisor or
 * the command that killed it does.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { exitPath, logPath } from './cluster-folder.ts'

export interface NodeExit {
  readonly code: number | null
  readonly signal: string | null
  readonly at: string
}

export function noteExit(path: string, code: number | null, signal: string | null): void {
  const exit: NodeExit = { code, signal, at: new Date().toISOString() }
  writeFileSync(path, JSON.stringify(exit) + '\n')
}

export function readExit(folder: string, name: string): NodeExit | undefined {
  try {
    return JSON.parse(readFileSync(exitPath(folder, name), 'utf8')) as NodeExit
  } catch {
    return undefined
  }
}

/** "exit code 74", "killed by SIGKILL", "ended without a note (killed, or the machine went down)". */
export function showExit(exit: NodeExit | undefined): string {
  if (!exit) return 'ended without a note: killed from outside, or crashed'
  return exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`
}

const TAIL_BYTES = 16 * 1024

/** The newest line of a node's log in a form for people; empty when there is none. */
export function lastLogLine(folder: string, name: string): string {
  const lines = readTail(logPath(folder, name)).split('\n').filter(Boolean)
  const last = lines.at(-1)
  return last === undefined ? '' : showLogLine(last)
}

/** Log lines are JSON objects; others (an error before the log is open) stay as they are. */
export function showLogLine(line: string): string {
  try {
    const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
    const rest = Object.entries(fields)
      .filter(([key]) => key !== 'node' && key !== 'stack')
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    const clock = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : ''
    return [clock, levelName(level), msg, ...rest].filter(Boolean).join(' ')
  } catch {
    return line
  }
}

const levelName = (level: unknown): string =>
  ({ 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' })[Number(level)] ?? ''

function readTail(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
      readSync(file, tail, 0, tail.length, size - tail.length)
      return tail.toString('utf8')
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
