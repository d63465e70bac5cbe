/**
 * Looks at one LevelDB folder before LevelDB does: opening turns logs into tables and drops what it cannot read, silently.
 *
 * - Every live log file is parsed record by record. A complete record with a bad checksum is damage; a record cut off by
 *   the end of the newest file is what a crash leaves.
 * - LevelDB numbers its operations, and each batch in the log names its first number and its count: the numbers must be
 *   contiguous over all live logs, so a hole that checksums cannot show (lost sectors, a missing file) is found as well.
 * - Table files named by the MANIFEST are checked block by block, for databases where that is asked for.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLogFile } from './log-file.ts'
import { parseManifest, type Manifest } from './manifest.ts'
import { checkTableFile, isWholeFrom } from './table-file.ts'

/** LevelDB's batch header: 64-bit number of the first operation, 32-bit count. */
const BATCH_HEADER = 12

/** @returns what is wrong in words; empty for a healthy or absent database. */
export async function checkDatabase(directory: string, options: { readonly tables: boolean }): Promise<string[]> {
  const files = await namesIn(directory)
  const manifest = await readManifest(directory, files)
  if (manifest === null) return []
  if (typeof manifest === 'string') return [manifest]
  const damage = await checkLogs(directory, files, manifest)
  if (options.tables) damage.push(...(await checkTables(directory)))
  return damage
}

/** All live tables. `pace` lets a scrub go slowly. A file that compaction removed meanwhile is no damage. */
export async function checkTables(directory: string, pace?: (bytes: number) => Promise<void>): Promise<string[]> {
  const manifest = await readManifest(directory, await namesIn(directory))
  if (manifest === null) return []
  if (typeof manifest === 'string') return [manifest]
  const damage: string[] = []
  for (const [number, size] of manifest.tables) {
    const found = await readTable(directory, number)
    if (found === undefined) {
      const now = await readManifest(directory, await namesIn(directory))
      if (now !== null && typeof now !== 'string' && now.tables.has(number)) damage.push(`table ${number} is missing`)
      continue
    }
    const flaw = found.bytes.length < size ? 'it is too short' : await checkTableFile(found.bytes, pace)
    if (flaw !== null) damage.push(`${join(directory, found.name)}: ${flaw}`)
  }
  return damage
}

/** Whether flaws of the live tables, if there are any, can hide only keys below `start` from an iteration. */
export async function areTablesWholeFrom(directory: string, start: Uint8Array): Promise<boolean> {
  const manifest = await readManifest(directory, await namesIn(directory))
  if (manifest === null || typeof manifest === 'string') return false
  for (const [number, size] of manifest.tables) {
    const found = await readTable(directory, number)
    if (found === undefined || found.bytes.length < size || !isWholeFrom(found.bytes, start)) return false
  }
  return true
}

async function checkLogs(directory: string, files: readonly string[], manifest: Manifest): Promise<string[]> {
  const numbers = files
    .flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((number) => number >= manifest.logNumber || number === manifest.previousLogNumber)
    .sort((a, b) => a - b)
  const damage: string[] = []
  let expected: number | null = null
  for (const number of numbers) {
    const name = files.find((file) => file.endsWith('.log') && Number.parseInt(file, 10) === number) as string
    const path = join(directory, name)
    const log = parseLogFile(await readFile(path), (record) => {
      if (record.length < BATCH_HEADER) {
        damage.push(`${path}: a batch is too short`)
        return
      }
      const first = record.readUIntLE(0, 6) + record.readUInt16LE(6) * 2 ** 48
      if (expected !== null && first !== expected) {
        damage.push(`${path}: operation ${expected} is expected, ${first} stands there`)
      }
      expected = first + record.readUInt32LE(8)
    })
    if (log.damage !== null) damage.push(`${path}: ${log.damage}`)
  }
  return damage
}

/** null when there is no database yet; a string says what is wrong. */
async function readManifest(directory: string, files: readonly string[]): Promise<Manifest | string | null> {
  if (!files.includes('CURRENT')) {
    const used = files.some((name) => /\.(ldb|sst)$/.test(name))
    return used ? `${directory}: tables without CURRENT` : null
  }
  const name = (await readFile(join(directory, 'CURRENT'), 'utf8')).trim()
  if (!/^MANIFEST-\d+$/.test(name) || !files.includes(name)) return `${directory}: CURRENT names no MANIFEST`
  const manifest = parseManifest(await readFile(join(directory, name)))
  return manifest.damage === null ? manifest : `${join(directory, name)}: ${manifest.damage}`
}

async function readTable(directory: string, number: number): Promise<{ name: string; bytes: Buffer } | undefined> {
  const base = String(number).padStart(6, '0')
  for (const name of [`${base}.ldb`, `${base}.sst`]) {
    try {
      return { name, bytes: await readFile(join(directory, name)) }
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    }
  }
  return undefined
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
}
