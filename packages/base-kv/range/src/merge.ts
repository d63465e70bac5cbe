/**
 * Merge: a range (the merger) takes over its right neighbour (the mergee), by one entry of the merger's log, and no pair
 * moves. docs/internals/merge.md tells the whole protocol; here is what its entries do to the replicated states of both.
 *
 *   merger  prepareMerge   Normal → PreparedMerging; names the mergee with its exact `ver`
 *   mergee  freeze         Normal → WaitingForMerge, if `ver` is that one: no write and no read from here on
 *   merger  merge          the marker: the mergee's keys are the merger's, `ver` is above both
 *   merger  cancelMerge    instead of the marker: it will never be; and, later, that the mergee has heard of it
 *   mergee  thaw           WaitingForMerge → Normal; or only another `ver`, so that a late freeze does nothing
 *
 * The merger's log alone decides: the first of marker and cancel wins. It forgets a cancelled merge only when the
 * mergee's `ver` is another one than the freeze wants, so whoever is frozen finds a merger that knows the outcome. Until
 * then it starts nothing else that would change who holds which keys.
 */
import {
  KvError,
  type LogIndex,
  logIndex,
  type RangeId,
  rangeIdFromBytes,
  rangeIdToBytes,
  type Term,
} from '@base-kv/base'
import { type RangeVersion, sameVersion } from '@base-kv/landscape'
import { type Entry, EntryType } from '@base-kv/raft'
import { firstKind, onlyBody, RangeCommand } from './command-batch.ts'
import type { ReplicatedState } from './range-state.ts'
import * as refuse from './refusals.ts'
import { readWide, writeWide } from './wide-number.ts'

/** A place in a log: it names one entry for ever once that is committed. */
export interface Place {
  readonly index: LogIndex
  readonly term: Term
}

/** What a range remembers of a merge under way. A task is named by the index of its prepareMerge in the merger's log. */
export type MergeTask = MergerTask | MergeeTask

export interface MergerTask {
  readonly role: 'merger'
  readonly task: LogIndex
  readonly right: RangeId
  /** What the freeze wants. */
  readonly rightVer: RangeVersion
  /** Where the merged range will end. */
  readonly rightEnd: Uint8Array | null
  /** It will never be; the mergee may not know yet. */
  readonly cancelled: boolean
}

export interface MergeeTask {
  readonly role: 'mergee'
  readonly task: LogIndex
  readonly left: RangeId
  readonly frozenAt: Place
}

export interface PrepareMerge {
  /** The exact version of the merger, when proposed and when applied. */
  readonly ver: RangeVersion
  readonly right: RangeId
  readonly rightVer: RangeVersion
  readonly rightEnd: Uint8Array | null
}

export interface Freeze {
  readonly left: RangeId
  readonly task: LogIndex
  /** The exact version of the mergee. */
  readonly ver: RangeVersion
}

export interface MergeMarker {
  readonly task: LogIndex
  /** The freeze in the mergee's log: that it stands here proves that it is committed. */
  readonly frozenAt: Place
}

export interface CancelMerge {
  readonly task: LogIndex
  /** The mergee is certainly not frozen and never will be: the merge is forgotten. */
  readonly settled: boolean
}

/** What the marker does on every replica. */
export interface MergePlan {
  readonly right: RangeId
  readonly frozenAt: Place
  readonly state: ReplicatedState
}

const nextLow = ({ high, low }: RangeVersion): RangeVersion => ({ high, low: low + 1 })

export function refusePrepare(id: RangeId, state: ReplicatedState, ver: RangeVersion): KvError | null {
  if (!sameVersion(ver, state.ver)) return refuse.otherVersion(id, state.ver)
  if (state.state !== 'Normal') return refuse.notNormal(id, state.state)
  return state.merge || state.repair ? refuse.changeUnderWay() : null
}

export function prepared(
  id: RangeId,
  state: ReplicatedState,
  { ver, right, rightVer, rightEnd }: PrepareMerge,
  at: Place,
): ReplicatedState | KvError {
  const refusal = refusePrepare(id, state, ver)
  if (refusal) return refusal
  // Views on the log's buffers do not live as long as a task does.
  const end = rightEnd && Uint8Array.from(rightEnd)
  const merge: MergerTask = { role: 'merger', task: at.index, right, rightVer, rightEnd: end, cancelled: false }
  return { ...state, state: 'PreparedMerging', ver: nextLow(ver), merge }
}

/** Whether a freeze at that version would do something now. */
export const freezable = (state: ReplicatedState, ver: RangeVersion): boolean =>
  sameVersion(ver, state.ver) && state.state === 'Normal' && state.merge === null && state.repair === null

export function frozen(id: RangeId, state: ReplicatedState, { left, task, ver }: Freeze, at: Place) {
  if (!freezable(state, ver)) return refuse.otherVersion(id, state.ver)
  const merge: MergeeTask = { role: 'mergee', task, left, frozenAt: { index: at.index, term: at.term } }
  return { ...state, state: 'WaitingForMerge' as const, ver: nextLow(ver), merge }
}

/** What the marker makes of the merger, or why it does nothing. */
export function planMerge(id: RangeId, state: ReplicatedState, { task, frozenAt }: MergeMarker): MergePlan | KvError {
  const merge = undecided(state, task)
  if (!merge) return refuse.mergeDecided(id)
  const { right, rightVer, rightEnd } = merge
  const ver = { high: Math.max(state.ver.high, rightVer.high) + 1, low: 0 }
  const boundary = { start: state.boundary.start, end: rightEnd }
  return { right, frozenAt, state: { ...state, state: 'Normal', ver, boundary, merge: null } }
}

/** The marker in `entry`, if it will do what it says. */
export function mergeOf(id: RangeId, state: ReplicatedState | null, entry: Entry): MergePlan | null {
  if (!state || entry.type !== EntryType.command || firstKind(entry.data) !== RangeCommand.merge) return null
  const plan = planMerge(id, state, decodeMarker(onlyBody(entry.data)))
  return plan instanceof KvError ? null : plan
}

export function cancelled(id: RangeId, state: ReplicatedState, { task, settled }: CancelMerge) {
  const { merge } = state
  if (settled) {
    if (merge?.role !== 'merger' || merge.task !== task || !merge.cancelled) return refuse.mergeDecided(id)
    return { ...state, merge: null }
  }
  return undecided(state, task)
    ? cancelledNow({ ...state, state: 'Normal', ver: nextLow(state.ver) })
    : refuse.mergeDecided(id)
}

/** The same, by an entry that a merge under way cannot go together with. */
export function cancelledNow(state: ReplicatedState): ReplicatedState {
  const { merge } = state
  return merge?.role === 'merger' ? { ...state, merge: { ...merge, cancelled: true } } : state
}

/** The merger has cancelled the merge for which `ver` was named. */
export function thawed(id: RangeId, state: ReplicatedState, { left, task, ver }: Freeze): ReplicatedState | KvError {
  const { merge } = state
  const isFrozen = merge?.role === 'mergee' && merge.left === left && merge.task === task
  if (isFrozen) {
    const joint = state.config.nextVoters.length > 0
    return { ...state, state: joint ? 'ConfigChanging' : 'Normal', ver: nextLow(state.ver), merge: null }
  }
  return sameVersion(ver, state.ver) ? { ...state, ver: nextLow(state.ver) } : refuse.otherVersion(id, state.ver)
}

export function undecided({ state, merge }: ReplicatedState, task: LogIndex): MergerTask | null {
  if (state !== 'PreparedMerging' || merge?.role !== 'merger') return null
  return merge.task === task && !merge.cancelled ? merge : null
}

// ---- bytes, little-endian ------------------------------------------------------------------------------------------------

const VERSION_BYTES = 8
const RANGE_BYTES = 16

export function encodePrepare({ ver, right, rightVer, rightEnd }: PrepareMerge): Uint8Array {
  const out = Buffer.alloc(2 * VERSION_BYTES + RANGE_BYTES + 1 + (rightEnd?.length ?? 0))
  putVersion(out, 0, ver)
  putVersion(out, 8, rightVer)
  out.set(rangeIdToBytes(right), 16)
  out[32] = rightEnd ? 1 : 0
  if (rightEnd) out.set(rightEnd, 33)
  return out
}

/** @throws KvError Corrupt */
export function decodePrepare(body: Uint8Array): PrepareMerge {
  const view = viewOf(body, 33)
  return {
    ver: versionAt(view, 0),
    rightVer: versionAt(view, 8),
    right: rangeIdFromBytes(body.subarray(16, 32)),
    rightEnd: body[32] === 1 ? body.subarray(33) : null,
  }
}

/** Of freeze and thaw. */
export function encodeFreeze({ left, task, ver }: Freeze): Uint8Array {
  const out = Buffer.alloc(VERSION_BYTES + 8 + RANGE_BYTES)
  putVersion(out, 0, ver)
  writeWide(viewOf(out, 0), 8, task)
  out.set(rangeIdToBytes(left), 16)
  return out
}

/** @throws KvError Corrupt */
export function decodeFreeze(body: Uint8Array): Freeze {
  const view = viewOf(body, 32)
  return {
    ver: versionAt(view, 0),
    task: logIndex(readWide(view, 8)),
    left: rangeIdFromBytes(body.subarray(16, 32)),
  }
}

export function encodeMarker({ task, frozenAt }: MergeMarker): Uint8Array {
  const out = Buffer.alloc(24)
  const view = viewOf(out, 24)
  writeWide(view, 0, task)
  writeWide(view, 8, frozenAt.index)
  writeWide(view, 16, frozenAt.term)
  return out
}

/** @throws KvError Corrupt */
export function decodeMarker(body: Uint8Array): MergeMarker {
  const view = viewOf(body, 24)
  return {
    task: logIndex(readWide(view, 0)),
    frozenAt: { index: logIndex(readWide(view, 8)), term: readWide(view, 16) as Term },
  }
}

export function encodeCancel({ task, settled }: CancelMerge): Uint8Array {
  const out = Buffer.alloc(9)
  writeWide(viewOf(out, 9), 0, task)
  out[8] = settled ? 1 : 0
  return out
}

/** @throws KvError Corrupt */
export function decodeCancel(body: Uint8Array): CancelMerge {
  return { task: logIndex(readWide(viewOf(body, 9), 0)), settled: body[8] === 1 }
}

function viewOf(bytes: Uint8Array, lengthMin: number): DataView {
  if (bytes.length < lengthMin) throw new KvError('Corrupt', 'a merge command is cut off')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function putVersion(out: Buffer, at: number, { high, low }: RangeVersion): void {
  out.writeUInt32LE(high, at)
  out.writeUInt32LE(low, at + 4)
}

const versionAt = (view: DataView, at: number): RangeVersion => ({
  high: view.getUint32(at, true),
  low: view.getUint32(at + 4, true),
})
