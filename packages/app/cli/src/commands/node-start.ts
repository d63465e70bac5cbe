import { loadNodeConfig, runNode } from '@base-kv/daemon'
import { noteExit } from '../cluster/node-exit.ts'
import { isAlive } from '../cluster/process-identity.ts'
import { inheritedSupervisor } from '../cluster/spawn-node.ts'

const SUPERVISOR_POLL_MS = 500

/** Runs until told to stop. @throws KvError when it cannot start */
export async function startNodeCommand(file: string | undefined): Promise<void> {
  const note = process.env.BASE_KV_EXIT_FILE
  if (note) process.on('exit', (code) => noteExit(note, code, null))
  endWithSupervisor()
  const config = loadNodeConfig({ ...(file === undefined ? {} : { file }), env: process.env })
  await runNode(config, { withParent: false })
}

/** A node of a foreground cluster ends with it, also when that one is killed and can say nothing any more. */
function endWithSupervisor(): void {
  const supervisor = inheritedSupervisor()
  if (!supervisor) return
  const timer = setInterval(() => {
    if (isAlive(supervisor)) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, SUPERVISOR_POLL_MS)
  timer.unref()
}
