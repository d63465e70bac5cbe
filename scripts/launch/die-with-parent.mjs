// Preloaded (`node --import`) into foreground commands: when the process that started this one is gone, this one gets
// SIGTERM, as if its user had stopped it. Nobody else would notice: a killed parent sends no signal.
// npm and npx start scripts through `sh -c`; such a shell does not count as the parent, what started it does.
import { readFileSync } from 'node:fs'

const POLL_MS = 250
const HARD_STOP_MS = 9_000
const SHELL = /^(?:\/\S*\/)?(?:sh|dash|bash)\0-c\0/

const shell = process.ppid
const aboveShell = parentOfShell(shell)
const timer = setInterval(() => {
  if (process.ppid === shell && (aboveShell === undefined || parentOf(shell) === aboveShell)) return
  clearInterval(timer)
  setTimeout(() => process.exit(143), HARD_STOP_MS).unref()
  process.kill(process.pid, 'SIGTERM')
}, POLL_MS)
timer.unref()

/** Undefined when `pid` is no `sh -c`. */
function parentOfShell(pid) {
  try {
    return SHELL.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ? parentOf(pid) : undefined
  } catch {
    return undefined
  }
}

/** Undefined when there is no such process. */
function parentOf(pid) {
  try {
    // "pid (name) state ppid …"; the name may hold anything, so count from the last parenthesis.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
