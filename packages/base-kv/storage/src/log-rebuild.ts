/**
 * Database `log` made anew after a start found flaws in its tables. Flaws stay in a table file until LevelDB happens to
 * rewrite it, so every later start would find them again, and would condemn replicas that were created since.
 *
 * Once every replica carries its mark durably, its entries serve nobody any more. What must outlive them are the records:
 * replicas (terms, votes, why they are damaged), tombstones, installations, halves, numbers. They go into a new database as
 * they are, which takes the old one's place; that one is kept as `log.damaged`. Only flaws in blocks of entries allow it:
 * anywhere else they may hide a replica id that must never come back, and then the store stays damaged until it is wiped.
 *
 * | folder                   | a crash leaves                                                     |
 * |--------------------------|--------------------------------------------------------------------|
 * | `log.new`                | an unfinished database: made once more                             |
 * | `log.rebuilt`            | the whole one: put in its place before anything looks at `log`     |
 */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assert, rangeIdFromBytes } from '@base-kv/base'
import { putAside, syncDirectory } from './durable-file.ts'
import { logKeys } from './log-keys.ts'
import { openReplica } from './log-records.ts'
import { pairs } from './log-recovery.ts'
import type { Engine } from './ports.ts'
import { areTablesWholeFrom } from './raw/check-database.ts'

/** Whether flaws in `log`, which is closed, can hide nothing but entries. */
export function canRebuildLog(directory: string): Promise<boolean> {
  return areTablesWholeFrom(join(directory, 'log'), logKeys.records.start)
}

/** `log` is closed, and every replica in it is marked as damaged. */
export async function rebuildLog(directory: string, open: (path: string) => Promise<Engine>): Promise<void> {
  const beside = join(directory, 'log.new')
  await rm(beside, { recursive: true, force: true })
  await copyRecords(join(directory, 'log'), beside, open)
  await syncDirectory(beside)
  await rename(beside, join(directory, 'log.rebuilt'))
  await syncDirectory(directory)
  await finishRebuild(directory)
}

/** At start, before anything looks at `log`: does what a crash left over. */
export async function finishRebuild(directory: string): Promise<void> {
  const names = await readdir(directory)
  if (!names.includes('log.rebuilt')) return
  if (names.includes('log')) await putAside(join(directory, 'log'))
  await rename(join(directory, 'log.rebuilt'), join(directory, 'log'))
  await syncDirectory(directory)
}

async function copyRecords(from: string, to: string, open: (path: string) => Promise<Engine>): Promise<void> {
  const old = await open(from)
  try {
    const made = await open(to)
    try {
      const batch = made.batch()
      await using view = old.readView()
      for await (const [key, value] of pairs(view, logKeys.records)) {
        assert(isMarked(key, value), 'a log is made anew only when all its replicas are marked as damaged')
        batch.put(key, value)
      }
      await batch.write({ sync: true })
    } finally {
      await made.close()
    }
  } finally {
    await old.close()
  }
}

function isMarked(key: Uint8Array, value: Uint8Array): boolean {
  const { start, end } = logKeys.replicas
  if (Buffer.compare(key, start) < 0 || Buffer.compare(key, end) >= 0) return true
  return openReplica(rangeIdFromBytes(key, 1), value).damage !== ''
}
