/** The knobs of one core, their defaults, and how they hang together. */
import { assert, limits } from '@base-kv/base'
import type { RaftOptions } from './types.ts'

export const defaultRaftOptions: Required<RaftOptions> = {
  electionTimeoutMs: 500,
  heartbeatIntervalMs: 100,
  appendBytesMax: limits.appendBytesMax,
  inflightAppendsMax: limits.inflightAppendsMax,
  inflightBytesMax: limits.inflightAppendBytesMax,
  uncommittedBytesMax: limits.pendingBytesMax,
  applyBytesMax: limits.appendBytesMax,
  cacheBytesMax: 4 * 1024 * 1024,
  lease: false,
  leaseShare: 0.8,
  hibernate: true,
}

/** @throws AssertionError when the knobs contradict each other. */
export function checkOptions(options: RaftOptions): void {
  assert(options.heartbeatIntervalMs > 0, 'heartbeatIntervalMs is positive')
  assert(2 * options.heartbeatIntervalMs < options.electionTimeoutMs, 'two heartbeats fit in an election timeout')
  assert(options.appendBytesMax > 0 && options.applyBytesMax > 0, 'batches have room')
  assert(options.inflightAppendsMax > 0 && options.inflightBytesMax > 0, 'the window has room')
  assert(options.uncommittedBytesMax > 0 && (options.cacheBytesMax ?? 0) >= 0, 'memory bounds are not negative')
  assert(options.leaseShare > 0 && options.leaseShare < 1, 'a lease ends before the shortest election timeout')
}
