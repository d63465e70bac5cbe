/**
 * The replicated state of a range besides its keys: the same on every replica that has applied the same index. Travels in
 * the data store's range record and in snapshots.
 *
 *   version u8 = 2, ver.high u32, ver.low u32, state u8, confirmed u8, boundary (flags u8, lengths u32, bytes),
 *   config length u32, config, pending repair length u8, pending repair (repair.ts), merge under way (merge-task.ts; what
 *   is left); little-endian
 */
import { type Boundary, KvError, wholeKeySpace } from '@base-kv/base'
import type { RangeState, RangeVersion } from '@base-kv/landscape'
import { type Config, decodeConfig, encodeConfig } from '@base-kv/raft'
import { decodeMergeTask, encodeMergeTask } from './merge-task.ts'
import type { MergeTask } from './merge.ts'
import { otherFormat } from './other-format.ts'
import { decodeRepair, encodeRepair, type PendingRepair } from './repair.ts'

export interface ReplicatedState {
  readonly ver: RangeVersion
  readonly state: RangeState
  /** Whether the epoch of this first range is confirmed; nothing is served before. */
  readonly confirmed: boolean
  readonly boundary: Boundary
  /** The configuration as of the applied index. */
  readonly config: Config
  /** A member that is being replaced, so that a new leader goes on with it. */
  readonly repair: PendingRepair | null
  /** A merge with a neighbour that is not over, so that new leaders of both go on with it. */
  readonly merge: MergeTask | null
}

const VERSION = 2
const STATES: readonly RangeState[] = [
  'Normal',
  'ConfigChanging',
  'PreparedMerging',
  'WaitingForMerge',
  'Removed',
  'ToBePurged',
]

/** The state with which the first range of a cluster begins. */
export const firstState = (config: Config): ReplicatedState => ({
  ver: { high: 0, low: 0 },
  state: 'Normal',
  confirmed: false,
  boundary: wholeKeySpace,
  config,
  repair: null,
  merge: null,
})

export function encodeState(state: ReplicatedState): Uint8Array {
  const { start, end } = state.boundary
  const config = encodeConfig(state.config)
  const repair = encodeRepair(state.repair)
  const merge = encodeMergeTask(state.merge)
  const boundaryBytes = (start?.length ?? 0) + (end?.length ?? 0)
  const out = Buffer.alloc(11 + 1 + 8 + boundaryBytes + 4 + config.length + 1 + repair.length + merge.length)
  out.writeUInt8(VERSION, 0)
  out.writeUInt32LE(state.ver.high, 1)
  out.writeUInt32LE(state.ver.low, 5)
  out.writeUInt8(STATES.indexOf(state.state), 9)
  out.writeUInt8(state.confirmed ? 1 : 0, 10)
  out.writeUInt8((start ? 1 : 0) | (end ? 2 : 0), 11)
  out.writeUInt32LE(start?.length ?? 0, 12)
  out.writeUInt32LE(end?.length ?? 0, 16)
  let at = 20
  for (const key of [start, end]) {
    if (!key) continue
    out.set(key, at)
    at += key.length
  }
  out.writeUInt32LE(config.length, at)
  out.set(config, at + 4)
  at += 4 + config.length
  out.writeUInt8(repair.length, at)
  out.set(repair, at + 1)
  out.set(merge, at + 1 + repair.length)
  return out
}

/** @throws KvError Corrupt, or BadConfig for another version */
export function decodeState(bytes: Uint8Array): ReplicatedState {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (data.length < 24) throw new KvError('Corrupt', 'a range state is cut off')
  if (data.readUInt8(0) !== VERSION) {
    throw otherFormat('a range state', data.readUInt8(0), VERSION)
  }
  const state = STATES[data.readUInt8(9)]
  const flags = data.readUInt8(11)
  const startLength = data.readUInt32LE(12)
  const endLength = data.readUInt32LE(16)
  const configAt = 20 + startLength + endLength
  if (!state || configAt + 4 > data.length) throw new KvError('Corrupt', 'a range state does not decode')
  const configLength = data.readUInt32LE(configAt)
  const config = decodeConfig(data.subarray(configAt + 4, configAt + 4 + configLength))
  if (!config) throw new KvError('Corrupt', 'the configuration in a range state does not decode')
  const repairAt = configAt + 4 + configLength + 1
  const mergeAt = repairAt + (data[repairAt - 1] ?? 0)
  if (mergeAt > data.length) throw new KvError('Corrupt', 'a range state is cut off')
  return {
    ver: { high: data.readUInt32LE(1), low: data.readUInt32LE(5) },
    state,
    confirmed: data.readUInt8(10) === 1,
    boundary: {
      start: flags & 1 ? Uint8Array.from(data.subarray(20, 20 + startLength)) : null,
      end: flags & 2 ? Uint8Array.from(data.subarray(20 + startLength, configAt)) : null,
    },
    config,
    repair: decodeRepair(data.subarray(repairAt, mergeAt)),
    merge: decodeMergeTask(data.subarray(mergeAt)),
  }
}
