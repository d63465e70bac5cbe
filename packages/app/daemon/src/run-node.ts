/** One node as the process: signals, exit codes, and the death of the parent. */
import { toKvError, errorCodes, type Log } from '@base-kv/base'
import type { NodeConfig } from './config/index.ts'
import { armForTest } from './arm-for-test.ts'
import { openLog } from './node-log.ts'
import { startNode } from './node.ts'

/** A node that does not stop by itself within this is cut off. */
const STOP_WITHIN_MS = 9_000

export interface RunNodeOptions {
  /** End with the parent process (its IPC channel): for nodes of a foreground cluster. */
  readonly withParent: boolean
}

/** Runs until told to stop; never returns. @throws KvError when the start fails (the caller prints it) */
export async function runNode(config: NodeConfig, options: RunNodeOptions): Promise<never> {
  const log = openLog(config.log.level)
  armForTest(process.env.BASE_KV_KILL_POINT, log)
  const node = await startNode(config, {
    log,
    onPoison: (error) => {
      log.error('a storage write failed: this process stops at once', { error: error.message })
      process.exit(errorCodes.StorageFailed.exit)
    },
  })
  process.on('uncaughtException', (thrown) => endBroken(log, thrown))
  process.on('unhandledRejection', (thrown) => endBroken(log, thrown))
  process.send?.({ ready: node.address })

  const why = await new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    if (options.withParent) process.on('disconnect', () => resolve('the parent ended'))
  })
  log.info('stops', { why })
  setTimeout(() => {
    log.error('did not stop in time: cut off', { waitedFor: node.stopsAt })
    process.exit(1)
  }, STOP_WITHIN_MS).unref()
  await node.stop()
  process.exit(0)
}

/** A broken invariant: going on could harm data. */
function endBroken(log: Log, thrown: unknown): never {
  const error = toKvError(thrown)
  log.error('this process cannot go on', { error: error.message, stack: thrown instanceof Error ? thrown.stack : '' })
  process.exit(errorCodes[error.code].exit)
}
