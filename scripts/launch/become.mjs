import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { root } from './root.mjs'

const KILL_AFTER_MS = 9_000
const preload = pathToFileURL(join(root, 'scripts/launch/die-with-parent.mjs')).href

/**
 * Becomes `node args`: replaces this process where the runtime can (Node 22.15 and newer), else runs it as a child that
 * gets our signals, dies with us, and whose exit code is ours. `diesWithParent`: also when our own parent is gone.
 */
export async function become(node, args, { diesWithParent }) {
  const env = { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '8' }
  if (typeof process.execve === 'function') {
    const preloads = diesWithParent ? [`--import=${preload}`] : []
    process.execve(node, [node, ...preloads, ...args], env)
  }
  if (diesWithParent) await import('./die-with-parent.mjs')
  const child = spawn(node, [`--import=${preload}`, ...args], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      child.kill(signal)
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref()
    })
  }
  child.on('error', (error) => {
    console.error(`error LAUNCH: ${node} does not start (${error.message}); delete node_modules and try again`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
