/**
 * A merge under way, as bytes of the replicated state. Nothing: none. Else role u8 (0 merger, 1 mergee), task u64, id of
 * the other range (16), and of the merger: cancelled u8, the mergee's ver.high u32, ver.low u32, whether its boundary
 * has an end u8, that end; of the mergee: index u64 and term u64 of the freeze. Little-endian.
 */
import { KvError, logIndex, rangeIdFromBytes, rangeIdToBytes, type Term } from '@base-kv/base'
import type { MergeTask } from './merge.ts'
import { readWide, writeWide } from './wide-number.ts'

const HEAD = 1 + 8 + 16
const MERGER = HEAD + 1 + 8 + 1
const MERGEE = HEAD + 16

export function encodeMergeTask(task: MergeTask | null): Uint8Array {
  if (!task) return new Uint8Array(0)
  const end = task.role === 'merger' ? task.rightEnd : null
  const out = Buffer.alloc(task.role === 'merger' ? MERGER + (end?.length ?? 0) : MERGEE)
  const view = new DataView(out.buffer, out.byteOffset, out.length)
  out[0] = task.role === 'merger' ? 0 : 1
  writeWide(view, 1, task.task)
  out.set(rangeIdToBytes(task.role === 'merger' ? task.right : task.left), 9)
  if (task.role === 'merger') {
    out[HEAD] = task.cancelled ? 1 : 0
    out.writeUInt32LE(task.rightVer.high, HEAD + 1)
    out.writeUInt32LE(task.rightVer.low, HEAD + 5)
    out[HEAD + 9] = end ? 1 : 0
    if (end) out.set(end, MERGER)
  } else {
    writeWide(view, HEAD, task.frozenAt.index)
    writeWide(view, HEAD + 8, task.frozenAt.term)
  }
  return out
}

/** @throws KvError Corrupt */
export function decodeMergeTask(bytes: Uint8Array): MergeTask | null {
  if (bytes.length === 0) return null
  const [role] = bytes
  if (bytes.length < (role === 0 ? MERGER : MERGEE)) throw new KvError('Corrupt', 'a merge under way is cut off')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const task = logIndex(readWide(view, 1))
  const other = rangeIdFromBytes(bytes.subarray(9, HEAD))
  if (role !== 0) {
    const frozenAt = { index: logIndex(readWide(view, HEAD)), term: readWide(view, HEAD + 8) as Term }
    return { role: 'mergee', task, left: other, frozenAt }
  }
  return {
    role: 'merger',
    task,
    right: other,
    cancelled: bytes[HEAD] === 1,
    rightVer: { high: view.getUint32(HEAD + 1, true), low: view.getUint32(HEAD + 5, true) },
    rightEnd: bytes[HEAD + 9] === 1 ? Uint8Array.from(bytes.subarray(MERGER)) : null,
  }
}
