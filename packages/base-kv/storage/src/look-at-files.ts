/**
 * The look at both databases' files before LevelDB opens them, and what follows from damage.
 *
 * - Reasons go into `damage.json` first, and stay there until every replica carries its mark: a crash in between forgets
 *   nothing.
 * - Tables of `log` are always checked. Those of `data` are a scrub's affair, but LevelDB is built with its assertions on
 *   and aborts the process over some damaged blocks, so they are checked after a process that did not end in order.
 * - A damaged `data` is put aside as `data.damaged`: its replicas are lost anyway (terms, votes, replica ids and tombstones
 *   stand in `log`), and a store that aborts at every start could not even say so. A damaged `log` cannot be put aside
 *   so easily: it holds votes. It is made anew once they are marked (`log-rebuild.ts`). When LevelDB does not survive opening it, later starts refuse with the reason.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { putAside, readIfThere, removeDurably, writeDurably } from './durable-file.ts'
import { canRebuildLog, finishRebuild } from './log-rebuild.ts'
import { checkDatabase } from './raw/check-database.ts'

const DATABASES = ['log', 'data'] as const
/** Starts with the same damage on record that did not get through. */
const ATTEMPTS_MAX = 2
/** After one unclean end the tables of `data` are checked up to this size (a third of a second), after two always. */
const CHECKED_BYTES_MAX = 256 * 1024 * 1024

export interface FolderState {
  readonly directory: string
  /** No identity yet: databases may be absent. */
  readonly isNew: boolean
  readonly uncleanEnds: number
}

export interface FoundDamage {
  /** What cannot be put down to single ranges, in words. */
  readonly reasons: readonly string[]
  /** Flaws of `log` would stay and condemn later replicas too, and hide nothing but entries: `rebuildLog` removes them. */
  readonly rebuildsLog: boolean
}

/** @throws KvError Corrupt */
export async function lookAtFiles({ directory, isNew, uncleanEnds }: FolderState): Promise<FoundDamage> {
  await finishRebuild(directory)
  const earlier = await readRecord(directory)
  if (earlier.attempts >= ATTEMPTS_MAX) throw giveUp(directory, earlier.reasons)
  const reasons = [...earlier.reasons]
  const damaged = new Set<string>()
  for (const database of DATABASES) {
    const path = join(directory, database)
    if (!isNew && (await readIfThere(join(path, 'CURRENT'))) === undefined) {
      reasons.push(`database ${database} is gone`)
      continue
    }
    const tables =
      database === 'log' || uncleanEnds > 1 || (uncleanEnds === 1 && (await sizeOf(path)) <= CHECKED_BYTES_MAX)
    const found = await checkDatabase(path, { tables })
    reasons.push(...found.filter((reason) => !reasons.includes(reason)))
    if (found.length > 0) damaged.add(database)
  }
  if (reasons.length === 0) return { reasons, rebuildsLog: false }
  const record: DamageRecord = { reasons, attempts: earlier.attempts + 1 }
  await writeDurably(recordIn(directory), `${JSON.stringify(record, null, 2)}\n`)
  if (damaged.has('data')) await putAside(join(directory, 'data'))
  return { reasons, rebuildsLog: !isNew && damaged.has('log') && (await canRebuildLog(directory)) }
}

/** Every replica carries its mark. */
export function forgetDamage(directory: string): Promise<void> {
  return removeDurably(recordIn(directory))
}

interface DamageRecord {
  readonly reasons: readonly string[]
  readonly attempts: number
}

async function readRecord(directory: string): Promise<DamageRecord> {
  const text = await readIfThere(recordIn(directory))
  return text === undefined ? { reasons: [], attempts: 0 } : (JSON.parse(text) as DamageRecord)
}

function recordIn(directory: string): string {
  return join(directory, 'damage.json')
}

async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path).catch(() => [])
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function giveUp(directory: string, reasons: readonly string[]): KvError {
  return new KvError('Corrupt', `data folder ${directory} is damaged and cannot be opened: ${reasons.join('; ')}`, {
    hint: 'move the folder away and start again: the node joins as a new store and gets its replicas from the others',
  })
}
