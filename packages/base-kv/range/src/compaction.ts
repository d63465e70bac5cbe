/**
 * When the log is cut, and where. Only behind what is flushed, and with patience: a follower that is catching up reads
 * from the log, which costs far less than a snapshot. Patience has a bound.
 */
import { limits, type LogIndex, logIndex, type RangeId } from '@base-kv/base'
import type { RaftMachine, RaftStatus } from '@base-kv/raft'
import type { Storage } from '@base-kv/storage'

export interface CompactionOptions {
  /** Log bytes over which a range cuts; about half of them stay. Default 32 MiB. */
  readonly logBytesSoft: number
  /** Entries over which a range cuts although they are small. Default 50,000. */
  readonly logEntriesSoft: number
  /** How long a silent follower is waited for. Default 10 min. */
  readonly patienceMs: number
}

export const defaultCompactionOptions: CompactionOptions = {
  logBytesSoft: 32 * 1024 * 1024,
  logEntriesSoft: 50_000,
  patienceMs: 10 * 60_000,
}

export interface LogShape {
  readonly status: RaftStatus
  readonly bytes: number
  /** Nothing above may be cut. */
  readonly flushed: LogIndex
  /** The index of the oldest snapshot being pulled from here, or null. */
  readonly pulledIndex: LogIndex | null
}

/** The index up to which the log may go now, or null to leave it. */
export function compactionIndex(options: CompactionOptions, shape: LogShape): LogIndex | null {
  const { status, bytes, flushed } = shape
  const first = status.snapshotIndex
  const entries = status.lastIndex - first
  if (entries === 0 || (bytes < options.logBytesSoft && entries < options.logEntriesSoft)) return null

  // Keep the newer half, so that a follower which was away for a moment finds what it missed.
  let cut = Math.min(flushed, first + Math.ceil(entries / 2))
  if (shape.pulledIndex !== null) cut = Math.min(cut, shape.pulledIndex)
  if (bytes < limits.logBytesMax) {
    for (const peer of status.progress) {
      if (peer.silentMs < options.patienceMs && peer.state !== 'snapshot') cut = Math.min(cut, peer.match)
    }
  }
  return cut > first ? logIndex(cut) : null
}

/** Cuts the log if it is time. */
export function cutLog(
  range: RangeId,
  options: CompactionOptions,
  of: {
    readonly raft: RaftMachine
    readonly storage: Storage
    readonly nowMs: number
    readonly pulledIndex: LogIndex | null
  },
): void {
  const { raft, pulledIndex, nowMs } = of
  const { log, data } = of.storage
  const bytes = log.bytes(range)
  const entries = raft.lastIndex - log.snapshot(range).index
  if (bytes < options.logBytesSoft && entries < options.logEntriesSoft) return
  const status = raft.status(nowMs)
  const index = compactionIndex(options, { status, bytes, flushed: data.flushedApplied(range), pulledIndex })
  if (index !== null) log.compact(range, raft.compact(index))
}
