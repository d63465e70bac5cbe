import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { KvError } from '@base-kv/base'
import { configPath, exitPath, logPath } from './cluster-folder.ts'
import { identify, type ProcessIdentity } from './process-identity.ts'

/** A log larger than this is put aside (one older one is kept) when its node starts. */
const LOG_BYTES_MAX = 64 * 1024 * 1024

/**
 * Room for young objects, in MiB. V8's own choice on a large machine keeps 90 MB more for a leader under load and saves it
 * 4 % of its CPU (measured at 64 puts in flight); a node shall stay under 400 MB. The launcher gives `node start` the same.
 */
const YOUNG_HEAP = '--max-semi-space-size=16'

export interface SpawnedNode extends ProcessIdentity {
  readonly child: ChildProcess
}

/**
 * Starts one node as a process of its own session: a Ctrl-C at the terminal reaches the supervisor only, which then stops
 * the nodes in order. With a `supervisor` the node watches that process and ends with it, however that one ends.
 */
export function spawnNode(folder: string, name: string, supervisor: ProcessIdentity | null): SpawnedNode {
  const log = logPath(folder, name)
  if (existsSync(log) && statSync(log).size > LOG_BYTES_MAX) renameSync(log, `${log}.1`)
  rmSync(exitPath(folder, name), { force: true })
  const output = openSync(log, 'a')
  try {
    const watched = supervisor ?? inheritedSupervisor()
    const child = spawn(
      process.execPath,
      [YOUNG_HEAP, ...ownFlags(), mainFile(), 'node', 'start', '--config', configPath(folder, name)],
      {
        detached: true,
        stdio: ['ignore', output, output],
        env: {
          ...process.env,
          UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '8',
          BASE_KV_EXIT_FILE: exitPath(folder, name),
          BASE_KV_SUPERVISOR: watched ? `${watched.pid}:${watched.startTicks}` : '',
        },
      },
    )
    child.unref()
    if (child.pid === undefined) {
      throw new KvError('InternalError', `node ${name} does not start`, { hint: 'is the machine out of processes?' })
    }
    return { child, ...identify(child.pid) }
  } finally {
    closeSync(output)
  }
}

/** Tests and other callers may want even detached nodes to end with a process of theirs. */
export function inheritedSupervisor(): ProcessIdentity | null {
  const match = /^(\d+):(\d+)$/.exec(process.env.BASE_KV_SUPERVISOR ?? '')
  return match ? { pid: Number(match[1]), startTicks: Number(match[2]) } : null
}

/** The same program as this one: compiled, or the sources when run from them. */
function mainFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`../main.${extension}`, import.meta.url))
}

const ownFlags = (): string[] => process.execArgv.filter((flag) => /^--(?:conditions|no-warnings|max-old)/.test(flag))
