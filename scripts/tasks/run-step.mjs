import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../launch/root.mjs'

const preload = join(root, 'scripts/launch/die-with-parent.mjs')
const groups = new Set()

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  process.on(signal, () => {
    killAll('SIGTERM')
    setTimeout(() => {
      killAll('SIGKILL')
      process.exit(code)
    }, 3_000)
  })
}

/**
 * Runs one Node program in a process group of its own, output straight to ours; the group ends with it, with us, or when
 * the time is up. Gives the exit code (1 for a signal).
 */
export function runStep(args, { timeoutMs = 10 * 60_000, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [`--import=${preload}`, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      detached: true,
    })
    groups.add(child.pid)
    const timer = setTimeout(() => {
      console.error(`took longer than ${timeoutMs / 1000} s, stopped: ${args.join(' ')}`)
      kill(child.pid, 'SIGKILL')
    }, timeoutMs)
    child.on('exit', (code) => {
      clearTimeout(timer)
      kill(child.pid, 'SIGKILL')
      groups.delete(child.pid)
      resolve(code ?? 1)
    })
  })
}

function killAll(signal) {
  for (const pid of groups) kill(pid, signal)
}

function kill(group, signal) {
  try {
    process.kill(-group, signal)
  } catch (thrown) {
    if (thrown.code !== 'ESRCH') throw thrown
  }
}
