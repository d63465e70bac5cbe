/** What the storage tests share: real doors, temporary folders, short ways to make entries and replicas. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  logIndex,
  rangeId,
  replicaId,
  silentLog,
  storeId,
  term,
  wholeKeySpace,
  type Clock,
  type KvError,
  type RangeId,
  type Timers,
} from '@base-kv/base'
import { EntryType, type Entry, type HardState, type SnapshotMeta } from '@base-kv/raft'
import { openStorage } from '../src/index.ts'
import type {
  NewReplica,
  Pair,
  RangeRecord,
  RangeIterator,
  RangeView,
  Storage,
  StorageDeps,
  StorageOptions,
} from '../src/index.ts'

const clock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
const timers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
export const deps: StorageDeps = { clock, timers, log: silentLog }

export const R1: RangeId = rangeId(1n, 1n)
export const R2: RangeId = rangeId(1n, 2n)
export const SELF = { store: storeId('00000000-0000-4000-8000-000000000001'), replica: replicaId(1) }
export const OTHER = { store: storeId('00000000-0000-4000-8000-000000000002'), replica: replicaId(1) }

export const bytes = (text: string): Uint8Array => Buffer.from(text)
export const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString()

export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'base-kv-storage-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export function open(directory: string, options: Partial<StorageOptions> = {}): Promise<Storage> {
  const onPoison = (error: KvError) => {
    throw error
  }
  return openStorage({ directory, cluster: 'test', onPoison, ballastBytes: 0, ...options }, deps)
}

export function entry(index: number, at: number, data: string): Entry {
  return { index: logIndex(index), term: term(at), type: EntryType.command, data: bytes(data) }
}

export function hard(at: number, vote: HardState['vote'] = null, commit = 0): HardState {
  return { term: term(at), vote, commit: logIndex(commit) }
}

export function point(index: number, at: number): SnapshotMeta {
  return {
    index: logIndex(index),
    term: term(at),
    config: { voters: [SELF, OTHER], learners: [], nextVoters: [], nextLearners: [] },
  }
}

export function record(index: number, at: number, state = ''): RangeRecord {
  return { boundary: wholeKeySpace, applied: { index: logIndex(index), term: term(at) }, state: bytes(state) }
}

/** A replica whose log begins behind index 1 of term 1, with empty data. */
export function newReplica(replica = 1): NewReplica {
  return { replica: replicaId(replica), hardState: hard(1), snapshot: point(1, 1), data: record(1, 1) }
}

export function append(storage: Storage, range: RangeId, ...entries: Entry[]): Promise<void> {
  return new Promise((resolve) => storage.log.append(range, { entries }, resolve))
}

export const applied = (index: number, at: number) => ({ index: logIndex(index), term: term(at) })

export async function all(iterator: RangeIterator): Promise<Pair[]> {
  const found: Pair[] = []
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) found.push(...page)
  await iterator.close()
  return found
}

export const asText = (pairs: readonly Pair[]): string[] => pairs.map(([key, value]) => `${text(key)}=${text(value)}`)

/** All user pairs of a range as it is, or of a view. */
export async function pairsOf(from: Storage | RangeView, range: RangeId = R1): Promise<string[]> {
  if ('scan' in from) return asText(await all(from.scan('user', { start: null, end: null })))
  await using view = from.data.range(range).readView()
  return await pairsOf(view)
}

/** Waits until nothing is left that no range refers to. */
export async function slotsCleared(storage: Storage): Promise<void> {
  while (storage.data.stats.slotsToClear > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Small, fast, the same everywhere (mulberry32). */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
