/** CPU time and memory of processes, from /proc. */
import { readFileSync } from 'node:fs'

/** USER_HZ: what /proc counts in, on every Linux for x64 and arm64. */
const ticksPerSecond = 100

/** Fields behind the command's closing parenthesis; [0] is the state, field 3 of proc(5). */
function statFields(pid: number | 'self'): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** User and system time of all threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Of this process and of its children that have ended. */
export function ownCpuSeconds(): number {
  const fields = statFields('self')
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / ticksPerSecond
}

/** Time that all cores together were not idle. */
export function busySeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] as string)
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number, number]
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

export function rssBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/** Without the pages of mapped files (the program, LevelDB's tables), which the kernel may take back at any moment. */
export function anonymousBytes(pid: number): number {
  return statusBytes(pid, 'RssAnon')
}

/** The most it ever was. */
export function peakRssBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

function statusBytes(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? Number.NaN) * 1024
}
