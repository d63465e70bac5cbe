/**
 * Every limit of base-kv, in one place, related by assertions. Units last. A limit that users may set is only the default
 * here; its hard ceiling stands beside it.
 */
import { assert } from './assert.ts'

const KIB = 1024
const MIB = 1024 * KIB

export const limits = {
  /** A user key. */
  keyBytesMax: 16 * KIB,
  /** A user value, default and ceiling: gRPC clients refuse replies over 4 MiB. */
  valueBytesMax: 1 * MIB,
  valueBytesCeiling: 3 * MIB,
  /** Operations in one atomic batch request. */
  batchOpsMax: 4096,
  /** A whole client request or reply. */
  requestBytesMax: 4 * MIB,
  /** Operations in one pipeline frame. */
  pipelineFrameOpsMax: 1024,
  /** Operations of one pipeline stream that wait for their reply. */
  pipelineInFlightMax: 16 * KIB,
  /** One page of a scan. */
  scanPageBytes: 256 * KIB,
  scanPageKeysMax: 4096,
  /** Commands that ride in one log entry. */
  entryBytesMax: 4 * MIB,
  entryCommandsMax: 4096,
  /** From either on, the next entry does not wait until the one before is committed. */
  entryBytesMuch: 256 * KIB,
  entryCommandsMuch: 256,
  /** Commands of one range that wait to be proposed or applied; beyond it TryLater. */
  pendingCommandsMax: 16 * KIB,
  pendingBytesMax: 64 * MIB,
  /**
   * Applied writes that a range remembers, so that a retry is not applied again: their number and their bytes. Part of the
   * replicated state: all nodes of a cluster must agree on these four.
   */
  requestTableMax: 100_000,
  requestTableBytesMax: 16 * MIB,
  /** One piece of the table, and the longest answer that is kept in it. */
  requestPageBytes: 4 * KIB,
  requestAnswerBytesMax: 4 * KIB,
  /** Reads of one range that wait for their round. */
  pendingReadsMax: 16 * KIB,
  /** Raft: entries handed to one follower without an answer. */
  inflightAppendsMax: 64,
  inflightAppendBytesMax: 16 * MIB,
  appendBytesMax: 4 * MIB,
  /** One frame between two nodes. */
  raftFrameBytesMax: 16 * MIB,
  /** Frames queued to one peer; what does not fit is dropped, Raft sends again. */
  peerQueueBytesMax: 64 * MIB,
  /** One snapshot chunk. */
  snapshotChunkBytes: 256 * KIB,
  /** Read views open at one store, and how long one may live. */
  readViewsMax: 4,
  readViewAgeMaxMs: 10 * 60_000,
  /** The write buffer in front of the data engine. */
  flushAgeMaxMs: 50,
  flushBytesSoft: 4 * MIB,
  flushBytesMax: 16 * MIB,
  /** Log kept behind the applied index for followers that catch up. */
  logBytesMax: 256 * MIB,
  /** What a service publishes with a range, and how much of a key a split hint remembers. */
  factBytesMax: 1 * KIB,
  hintKeyBytesMax: 1 * KIB,
  /** Commands of a store's balancers that are under way at once, and decisions of theirs that are remembered. */
  balancingCommandsMax: 4,
  balancingDecisionsMax: 1_000,
  /** Below this much free disk writes are refused. */
  diskFreeBytesMin: 256 * MIB,
} as const

assert(limits.valueBytesCeiling + limits.keyBytesMax < limits.requestBytesMax, 'a largest put fits in a request')
assert(limits.requestBytesMax <= limits.entryBytesMax, 'a largest request fits in an entry')
assert(limits.requestAnswerBytesMax < 0xffff, 'the length of an answer fits in 16 bits')
assert(4 * limits.pendingCommandsMax < limits.requestTableMax, 'what waits is remembered long after it is applied')
assert(limits.requestPageBytes * 1024 <= limits.requestTableBytesMax, 'forgetting a page is forgetting little')
assert(limits.entryBytesMax <= limits.appendBytesMax, 'a largest entry fits in an append')
assert(limits.appendBytesMax < limits.raftFrameBytesMax, 'a largest append fits in a frame')
assert(limits.raftFrameBytesMax <= limits.peerQueueBytesMax, 'a largest frame fits in a queue')
assert(limits.valueBytesCeiling + limits.keyBytesMax < limits.entryBytesMax, 'a page holds a largest value')
