/**
 * What two ranges that merge say to each other: each to all stores that hold the other, since only the leader there
 * heeds it. Messages may be lost, doubled and late; whoever waits for something says it again. Little-endian.
 *
 *   version u8 = 1, kind u8, durable u8, id of the range that speaks (16), task u64, ver.high u32, ver.low u32,
 *   index u64, term u64
 */
import { logIndex, type RangeId, rangeIdFromBytes, rangeIdToBytes, type LogIndex, type Term } from '@base-kv/base'
import type { RangeVersion } from '@base-kv/landscape'
import type { Place } from './merge.ts'
import { readWide, writeWide } from './wide-number.ts'

export const MergeMessageKind = {
  /** Merger: freeze, at exactly this version, or tell what became of it. */
  freeze: 1,
  /** Mergee: frozen there; `durable`: in every replica's log. */
  frozen: 2,
  /** Mergee: that freeze does nothing any more, or must not be now. */
  refused: 3,
  /** Merger: that merge was cancelled. */
  thaw: 4,
  /** Mergee: not frozen for it, and never will be. */
  thawed: 5,
  /** Mergee: frozen for long; what has been decided? */
  ask: 6,
} as const
export type MergeMessageKind = (typeof MergeMessageKind)[keyof typeof MergeMessageKind]

/** One flat shape; `ver` is of freeze and thaw, `at` and `durable` of frozen. */
export interface MergeMessage {
  readonly kind: MergeMessageKind
  /** The range that speaks. */
  readonly from: RangeId
  readonly task: LogIndex
  readonly ver: RangeVersion
  readonly at: Place
  readonly durable: boolean
}

const BYTES = 3 + 16 + 8 + 8 + 16

export function encodeMergeMessage({ kind, from, task, ver, at, durable }: MergeMessage): Uint8Array {
  const out = new Uint8Array(BYTES)
  const view = new DataView(out.buffer)
  out[0] = 1
  out[1] = kind
  out[2] = durable ? 1 : 0
  out.set(rangeIdToBytes(from), 3)
  writeWide(view, 19, task)
  view.setUint32(27, ver.high, true)
  view.setUint32(31, ver.low, true)
  writeWide(view, 35, at.index)
  writeWide(view, 43, at.term)
  return out
}

/** undefined: not a message that this version understands. */
export function decodeMergeMessage(bytes: Uint8Array): MergeMessage | undefined {
  if (bytes.length < BYTES || bytes[0] !== 1) return undefined
  const kind = KINDS.find((one) => one === bytes[1])
  if (kind === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const numbers = [19, 35, 43].map((at) => readWide(view, at))
  if (!numbers.every(Number.isSafeInteger)) return undefined
  const [task = 0, index = 0, term = 0] = numbers
  return {
    kind,
    from: rangeIdFromBytes(bytes.subarray(3, 19)),
    task: logIndex(task),
    ver: { high: view.getUint32(27, true), low: view.getUint32(31, true) },
    at: { index: logIndex(index), term: term as Term },
    durable: bytes[2] === 1,
  }
}

const KINDS: readonly MergeMessageKind[] = Object.values(MergeMessageKind)
