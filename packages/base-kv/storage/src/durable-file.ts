/** Small files that must be whole or absent at every crash: written beside, synced, renamed, the folder synced. */
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function writeDurably(path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  await syncDirectory(dirname(path))
}

export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncDirectory(dirname(path))
}

/** A folder that is kept for whoever looks into the damage; an older one of that name goes. */
export async function putAside(path: string): Promise<void> {
  await rm(`${path}.damaged`, { recursive: true, force: true })
  await rename(path, `${path}.damaged`)
  await syncDirectory(dirname(path))
}

/** undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
