/**
 * Which node a data folder belongs to, by name. Two nodes that swapped their folders would answer at each other's address
 * for each other's stores: nothing is lost by it, but it is never what somebody wanted.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'

const FILE = 'node-name'

/** @throws KvError BadConfig when it is another node's */
export async function checkOwner(dataDir: string, node: string): Promise<void> {
  const owner = await ownerOf(dataDir)
  if (owner === undefined || owner === node) return
  throw new KvError('BadConfig', `data folder ${dataDir} belongs to node "${owner}", not "${node}"`, {
    hint: `correct node.name or dataDir; a node that was renamed on purpose: delete ${join(dataDir, FILE)}`,
  })
}

/** Once its stores are open, and so locked for everybody else. */
export async function claimFolder(dataDir: string, node: string): Promise<void> {
  if ((await ownerOf(dataDir)) === node) return
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, FILE), `${node}\n`)
}

/** Undefined for a new folder, and for one whose owner a crash left unwritten. */
async function ownerOf(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, FILE), 'utf8')).trim() || undefined
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new KvError('BadConfig', `cannot read ${join(dataDir, FILE)}: ${(thrown as Error).message}`, {
      hint: 'is dataDir a folder that this user may read and write?',
      cause: thrown,
    })
  }
}
