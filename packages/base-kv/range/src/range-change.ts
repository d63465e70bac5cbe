/** What a command of the range's own makes of its replicated state: the same on every replica. */
import { assert, KvError, logIndex, type RangeId, rangeIdToBytes } from '@base-kv/base'
import type { RangeVersion } from '@base-kv/landscape'
import { decodeConfig } from '@base-kv/raft'
import { RangeCommand } from './command-batch.ts'
import {
  cancelled,
  cancelledNow,
  decodeCancel,
  decodeFreeze,
  decodeMarker,
  decodePrepare,
  frozen,
  type MergePlan,
  type Place,
  planMerge,
  prepared,
  thawed,
} from './merge.ts'
import type { ReplicatedState } from './range-state.ts'
import { recovered } from './recovery.ts'
import { decodeRepair } from './repair.ts'
import { decodeSplit, planSplit, type SplitPlan } from './split.ts'
import { readWide, writeWide } from './wide-number.ts'

export interface RangeChange {
  readonly state: ReplicatedState
  /** For whoever proposed it here. */
  readonly reply: Uint8Array
  readonly split: SplitPlan | null
  readonly merge: MergePlan | null
}

const NOTHING = new Uint8Array(0)

/** @returns why nothing changes, if so @throws KvError Corrupt */
export function changeRange(
  id: RangeId,
  state: ReplicatedState,
  kind: number,
  body: Uint8Array,
  at: Place,
): RangeChange | KvError {
  switch (kind) {
    case RangeCommand.confirmEpoch:
      return changed({ ...state, confirmed: true })
    case RangeCommand.repair:
      return changed({ ...state, repair: decodeRepair(body) })
    case RangeCommand.recover:
      return changed(recovered(state))
    case RangeCommand.split: {
      const split = planSplit(id, state, decodeSplit(body), at)
      if (split instanceof KvError) return split
      return { state: split.left, reply: rangeIdToBytes(split.rightId), split, merge: null }
    }
    case RangeCommand.prepareMerge:
      return changed(prepared(id, state, decodePrepare(body), at), taskToBytes(at.index))
    case RangeCommand.freeze:
      return changed(frozen(id, state, decodeFreeze(body), at))
    case RangeCommand.merge: {
      const merge = planMerge(id, state, decodeMarker(body))
      return merge instanceof KvError ? merge : { state: merge.state, reply: NOTHING, split: null, merge }
    }
    case RangeCommand.cancelMerge:
      return changed(cancelled(id, state, decodeCancel(body)))
    case RangeCommand.thaw:
      return changed(thawed(id, state, decodeFreeze(body)))
    default:
      return changed(state)
  }
}

function changed(state: ReplicatedState | KvError, reply: Uint8Array = NOTHING): RangeChange | KvError {
  return state instanceof KvError ? state : { state, reply, split: null, merge: null }
}

/** The configuration of a committed entry. A merge cannot go together with other members: the merger's ends, and a mergee waits. */
export function changeConfig(before: ReplicatedState, data: Uint8Array): ReplicatedState {
  const config = decodeConfig(data)
  assert(config, 'a committed configuration decodes')
  const state = cancelledNow(before)
  const ver: RangeVersion = { high: state.ver.high, low: state.ver.low + 1 }
  if (state.state === 'WaitingForMerge') return { ...state, config, ver }
  return { ...state, config, state: config.nextVoters.length > 0 ? 'ConfigChanging' : 'Normal', ver }
}

/** What a prepared merge is called from then on. */
function taskToBytes(task: number): Uint8Array {
  const out = new Uint8Array(8)
  writeWide(new DataView(out.buffer), 0, task)
  return out
}

export const taskFromBytes = (bytes: Uint8Array) =>
  logIndex(readWide(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0))
