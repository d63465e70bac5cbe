/** Has this process kill itself at a named moment (base/src/kill-point.ts), when a test wants that. */
import { armKillPoint, type Log } from '@base-kv/base'

/** `wanted`: what BASE_KV_KILL_POINT said when the process started. @throws KvError BadConfig */
export function armForTest(wanted: string | undefined, log: Log): void {
  if (wanted === undefined || wanted === '') return
  const point = armKillPoint(wanted, () => {
    log.error('kills itself', { point })
    process.kill(process.pid, 'SIGKILL')
  })
  log.error('BASE_KV_KILL_POINT is set: this process will kill itself; for tests only', { point: wanted })
}
