/**
 * Reads database `log` at start. A log must go from its snapshot point to its end without a gap, every entry with the right
 * checksum, terms never falling. What does not is damage: it is written down and told, never mended and never taken for
 * an empty log.
 */
import { KvError, logIndex, rangeIdFromBytes, term, type RangeId, type ReplicaId } from '@base-kv/base'
import { asBuffer, openRecord } from './byte-codec.ts'
import { entryKey, logKeys, readEntryKey } from './log-keys.ts'
import {
  emptySnapshot,
  openEntry,
  openHalf,
  openInstalling,
  openReplica,
  openTombstone,
  type InstallingRecord,
  type ReplicaRecord,
} from './log-records.ts'
import { NEXT_LOG_ID_VERSION, type FoundLogs, type LogGarbage } from './log-store.ts'
import type { Engine, EngineView, IterateOptions, Pair } from './ports.ts'
import { RangeLog } from './range-log.ts'

/** A replica whose id cannot be read may be any: no id may ever come back here until the store is wiped. */
export const UNKNOWN_REPLICA = Number.MAX_SAFE_INTEGER as ReplicaId

export interface RecoveredLogs extends FoundLogs {
  readonly installations: Map<RangeId, InstallingRecord>
  /** Replicas that began with a split whose data may be missing. */
  readonly halves: Set<RangeId>
  /** Found now, not yet on record: range to reason. */
  readonly damaged: Map<RangeId, string>
}

/** @throws KvError BadConfig for a format newer than this build's */
export async function recoverLogs(engine: Engine): Promise<RecoveredLogs> {
  await using view = engine.readView()
  const logs = new Map<RangeId, RangeLog>()
  const tombstones = new Map<RangeId, ReplicaId>()
  const installations = new Map<RangeId, InstallingRecord>()
  const halves = new Set<RangeId>()
  const damaged = new Map<RangeId, string>()
  const garbage: LogGarbage[] = []
  let nextLogId = readNextLogId(engine)

  for await (const [key, value] of pairs(view, logKeys.replicas)) {
    const range = rangeOf(key)
    const record = readOr(damaged, range, () => openReplica(range, value)) ?? unknownReplica(nextLogId++)
    const log = new RangeLog(engine, range, record)
    logs.set(range, log)
    const flaw = await readEntries(view, log)
    if (flaw !== null && !damaged.has(range)) damaged.set(range, flaw)
    garbage.push(...(await behind(view, log)))
  }
  for await (const [key, value] of pairs(view, logKeys.tombstones)) {
    const range = rangeOf(key)
    tombstones.set(range, readOr(damaged, range, () => openTombstone(range, value)) ?? UNKNOWN_REPLICA)
  }
  for await (const [key, value] of pairs(view, logKeys.installations)) {
    const range = rangeOf(key)
    const installing = readOr(damaged, range, () => openInstalling(range, value))
    if (installing !== undefined) installations.set(range, installing)
  }
  for await (const [key, value] of pairs(view, logKeys.halves)) {
    const range = rangeOf(key)
    if (readOr(damaged, range, () => openHalf(range, value)) !== undefined) halves.add(range)
  }
  for (const { logId } of logs.values()) nextLogId = Math.max(nextLogId, logId + 1)
  const orphans = await orphanLogs(view, new Set([...logs.values()].map((log) => log.logId)))
  for (const { logId } of orphans) nextLogId = Math.max(nextLogId, logId + 1)
  garbage.push(...orphans)
  return { logs, tombstones, installations, halves, damaged, garbage, nextLogId }
}

/** @returns what is wrong in words, or null; the log is known up to the flaw. */
async function readEntries(view: EngineView, log: RangeLog): Promise<string | null> {
  let newest = log.snapshot.term
  const bounds = { start: entryKey(log.logId, log.snapshot.index + 1), end: entryKey(log.logId + 1, 0) }
  for await (const [key, value] of pairs(view, bounds)) {
    const { index } = readEntryKey(asBuffer(key))
    if (index !== log.last + 1) return `log entries ${log.last + 1} to ${index - 1} are missing`
    try {
      const entry = openEntry(log.rangeBytes, index, value)
      if (entry.term < newest) return `log entry ${index} has term ${entry.term} behind term ${newest}`
      if (entry.term > log.hardState.term)
        return `log entry ${index} has term ${entry.term}, the replica knows only ${log.hardState.term}`
      newest = entry.term
      log.found(index, entry.term, entry.data.length)
    } catch (thrown) {
      return corruption(thrown)
    }
  }
  return null
}

/** Entries that a compaction had forgotten but not yet deleted. */
async function behind(view: EngineView, log: RangeLog): Promise<LogGarbage[]> {
  const { logId, snapshot } = log
  const first = await firstPair(view, { start: entryKey(logId, 0), end: entryKey(logId, snapshot.index + 1) })
  return first === undefined ? [] : [{ logId, from: readEntryKey(asBuffer(first[0])).index, to: snapshot.index }]
}

/** Logs that no replica owns: left over by a destroyed replica or an installed snapshot. */
async function orphanLogs(view: EngineView, owned: ReadonlySet<number>): Promise<LogGarbage[]> {
  const garbage: LogGarbage[] = []
  let start: Uint8Array = logKeys.entries.start
  for (;;) {
    const first = await firstPair(view, { start, end: logKeys.entries.end })
    if (first === undefined) return garbage
    const { logId, index: from } = readEntryKey(asBuffer(first[0]))
    start = entryKey(logId + 1, 0)
    if (owned.has(logId)) continue
    const last = await firstPair(view, { start: first[0], end: start, reverse: true })
    garbage.push({ logId, from, to: readEntryKey(asBuffer((last ?? first)[0])).index })
  }
}

function readNextLogId(engine: Engine): number {
  const record = engine.get(logKeys.nextLogId)
  if (record === undefined) return 1
  return openRecord('the next log id', NEXT_LOG_ID_VERSION, logKeys.nextLogId, record).u64()
}

function unknownReplica(logId: number): ReplicaRecord {
  const hardState = { term: term(0), vote: null, commit: logIndex(0) }
  return { replica: UNKNOWN_REPLICA, logId, hardState, snapshot: emptySnapshot, damage: '' }
}

function readOr<T>(damaged: Map<RangeId, string>, range: RangeId, read: () => T): T | undefined {
  try {
    return read()
  } catch (thrown) {
    damaged.set(range, corruption(thrown))
    return undefined
  }
}

/** Anything but damage goes on as an error. */
function corruption(thrown: unknown): string {
  if (thrown instanceof KvError && thrown.code === 'Corrupt') return thrown.message
  throw thrown
}

function rangeOf(key: Uint8Array): RangeId {
  return rangeIdFromBytes(key, 1)
}

export async function* pairs(view: EngineView, bounds: IterateOptions): AsyncGenerator<Pair> {
  await using iterator = view.iterate({ ...bounds, pageBytes: 1024 * 1024 })
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) yield* page
}

export async function firstPair(view: EngineView, bounds: IterateOptions): Promise<Pair | undefined> {
  await using iterator = view.iterate({ ...bounds, pagePairs: 1 })
  return (await iterator.next())[0]
}
