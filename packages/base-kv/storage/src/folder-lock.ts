/**
 * One process a data folder. LevelDB's own lock on a small database of its own does it (the system frees it when the process
 * dies), because the databases' files are looked at before they are opened. `owner.json` says who has it, for the error
 * message; a file that is still there tells that its owner did not end in order.
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { readIfThere } from './durable-file.ts'
import { openLevelEngine } from './level-engine.ts'

export interface FolderLock {
  /** How many owners in a row before this one did not end in order (kill, abort, power cut). */
  readonly uncleanEnds: number
  release(): Promise<void>
}

/** @throws KvError BadConfig when another process, or this one, has it */
export async function lockFolder(directory: string): Promise<FolderLock> {
  const ownerFile = join(directory, 'owner.json')
  const engine = await openLevelEngine({
    directory: join(directory, 'lock'),
    writeBufferBytes: 64 * 1024,
    cacheBytes: 0,
    compression: false,
  }).catch(async (thrown: unknown) => {
    if (!(thrown instanceof KvError) || thrown.code !== 'BadConfig') throw thrown
    throw new KvError('BadConfig', `data folder ${directory} is locked by ${await ownerOf(ownerFile)}`, {
      hint: 'stop that process, or give this node a data folder of its own',
      cause: thrown,
    })
  })
  const before = await readIfThere(ownerFile)
  const uncleanEnds = before === undefined ? 0 : Number(/"uncleanEnds":(\d+)/.exec(before)?.[1] ?? 0) + 1
  await writeFile(ownerFile, `${JSON.stringify({ pid: process.pid, uncleanEnds })}\n`)
  return {
    uncleanEnds,
    async release() {
      await rm(ownerFile, { force: true })
      await engine.close()
    },
  }
}

async function ownerOf(file: string): Promise<string> {
  const pid = /"pid":(\d+)/.exec((await readIfThere(file)) ?? '')?.[1]
  return pid === undefined ? 'another process' : `process ${pid}`
}
