/**
 * A pid alone names no process: after it ended the system gives the number to another one. Together with the moment of
 * its start it does. Nothing here ever signals a process whose start does not match.
 */
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks between the machine's boot and the start of the process; 0 where the system does not tell. */
  readonly startTicks: number
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTicks: readStat(pid)?.startTicks ?? 0 }
}

/** Whether that very process runs (a stopped one does, a zombie does not). */
export function isAlive(process: ProcessIdentity): boolean {
  if (process.pid <= 0) return false
  const stat = readStat(process.pid)
  return stat !== undefined && stat.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X'
}

/** Whether it was paused with SIGSTOP. */
export function isPaused(process: ProcessIdentity): boolean {
  return isAlive(process) && readStat(process.pid)?.state === 'T'
}

/** @returns whether it was there to be signalled */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false
  try {
    process.kill(target.pid, name)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw thrown
  }
}

/** The start of a machine: pids of an earlier one mean nothing. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function readStat(pid: number): { state: string; startTicks: number } | undefined {
  try {
    // "pid (name) state …"; the name may hold anything, so count from the last parenthesis. Field 22 is the start.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: Number(fields[19]) }
  } catch {
    return undefined
  }
}
