import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './root.mjs'

const folder = join(root, '.launch-lock')
const pidFile = join(folder, 'pid')

/** Runs `work` while no other launcher of this clone installs or builds. A lock whose owner is gone is taken over. */
export async function oneAtATime(say, work) {
  let told = false
  while (!taken()) {
    const owner = lockOwner()
    if (owner !== undefined && !alive(owner)) {
      rmSync(folder, { recursive: true, force: true })
      continue
    }
    if (!told) say(`waiting for process ${owner ?? '?'}, which installs or builds here already`)
    told = true
    await sleep(200)
  }
  try {
    return await work()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function taken() {
  try {
    mkdirSync(folder)
  } catch (thrown) {
    if (thrown.code === 'EEXIST') return false
    throw thrown
  }
  writeFileSync(pidFile, String(process.pid))
  return true
}

/** Undefined while the owner has not written its pid yet. */
function lockOwner() {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'))
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown.code === 'EPERM'
  }
}
