import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../../../../scripts/launch.mjs', import.meta.url))

/** Runs one of the clone's npm scripts. @returns its exit code */
export function runScript(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [launcher, name, ...args], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
