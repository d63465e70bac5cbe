/**
 * Split: one range becomes two at a key, by one entry of its log, and no pair moves.
 *
 * All replicas make the same of the entry: the left half keeps id, log and configuration; the right half is a new group
 * with an id that follows from the entry's place, the same stores under replica id 1, and a log that begins behind
 * index 1. Both halves get a `ver` whose high half is one above the parent's, so whoever still holds the parent's
 * boundary is known to be behind. A command for a key right of the cut that stands behind the entry is refused by the
 * boundary, on every replica alike, and so certainly is not applied.
 *
 * The entry is the whole change: before it there is one range, behind it two; so there is nothing to resume or to roll
 * back, and no task to remember.
 */
import { createHash } from 'node:crypto'
import {
  type Boundary,
  compareEnds,
  compareStarts,
  KvError,
  limits,
  logIndex,
  type LogIndex,
  parseRangeId,
  type RangeId,
  rangeId,
  rangeIdToBytes,
  replicaId,
  term,
  type Term,
} from '@base-kv/base'
import { type RangeVersion, sameVersion } from '@base-kv/landscape'
import { type Config, type Entry, EntryType, type HardState, type Member, type SnapshotMeta } from '@base-kv/raft'
import { firstKind, RangeCommand } from './command-batch.ts'
import type { Coprocessor } from './coprocessor.ts'
import type { ReplicatedState } from './range-state.ts'
import * as refuse from './refusals.ts'

export interface SplitCommand {
  /** The exact version that the range must have when the command is proposed and when it is applied. */
  readonly ver: RangeVersion
  /** First key of the right half. */
  readonly key: Uint8Array
}

/** What a split makes of a range. */
export interface SplitPlan {
  readonly key: Uint8Array
  readonly left: ReplicatedState
  readonly rightId: RangeId
  readonly right: ReplicatedState
}

/** Every replica of a right half has this id: the stores that hold it are those of the left one. */
export const HALF_REPLICA = replicaId(1)

/** Where the log of a right half begins. */
export const halfPoint = (config: Config): SnapshotMeta => ({ index: logIndex(1), term: term(1), config })
export const halfHardState: HardState = { term: term(1), vote: null, commit: logIndex(1) }

/** Why the range as it is must not be split so; null when it may. */
function refuseSplit(id: RangeId, state: ReplicatedState, { ver, key }: SplitCommand): KvError | null {
  if (!sameVersion(ver, state.ver)) return refuse.otherVersion(id, state.ver)
  if (state.state !== 'Normal') return refuse.notNormal(id, state.state)
  const { start, end } = state.boundary
  const hint = 'see `base-kv range list` for the boundaries'
  if (key.length === 0)
    return new KvError('BadRequest', 'the split key is empty', { hint: 'give a key of one byte or more' })
  if (key.length > limits.keyBytesMax) {
    return new KvError('BadRequest', `the split key has ${key.length} bytes, the limit is ${limits.keyBytesMax}`)
  }
  if (compareStarts(start, key) === 0) {
    return new KvError('BadRequest', `the split key is the first key of range ${id}: its left half would be empty`, {
      hint,
    })
  }
  if (compareStarts(start, key) > 0 || compareEnds(key, end) >= 0) {
    return new KvError('BadRequest', `the split key lies outside of range ${id}`, { hint })
  }
  return null
}

/** Whether a cut at `key` leaves something of `boundary` on both sides. */
export const isInside = ({ start, end }: Boundary, key: Uint8Array): boolean =>
  key.length > 0 && compareStarts(start, key) < 0 && compareEnds(key, end) < 0

/** `asked`, cut where the service may be cut, or why it cannot be. */
export function alignSplit(
  id: RangeId,
  state: ReplicatedState,
  asked: SplitCommand,
  coprocessor: Pick<Coprocessor, 'toSplitKey'>,
): SplitCommand | KvError {
  const refusal = refuseSplit(id, state, asked)
  if (refusal) return refusal
  const key = coprocessor.toSplitKey(asked.key, state.boundary)
  const aligned = key && { ...asked, key }
  return aligned && !refuseSplit(id, state, aligned) ? aligned : refuse.notAligned(id)
}

/** The two halves, or why there are none. The same on every replica. */
export function planSplit(
  id: RangeId,
  state: ReplicatedState,
  command: SplitCommand,
  at: { readonly index: LogIndex; readonly term: Term },
): SplitPlan | KvError {
  const refusal = refuseSplit(id, state, command)
  if (refusal) return refusal
  const { start, end } = state.boundary
  // Views on the log's buffers do not live as long as a boundary does.
  const key = Uint8Array.from(command.key)
  const ver = { high: state.ver.high + 1, low: 0 }
  return {
    key,
    left: { ...state, ver, boundary: { start, end: key } },
    rightId: halfId(id, at),
    right: { ...state, ver, boundary: { start: key, end }, config: halfConfig(state.config) },
  }
}

/** The right half's id: nobody has to hand ids out, and two splits never get the same. */
function halfId(left: RangeId, { index, term }: { readonly index: LogIndex; readonly term: Term }): RangeId {
  const place = Buffer.alloc(16)
  place.writeBigUInt64BE(BigInt(term), 0)
  place.writeBigUInt64BE(BigInt(index), 8)
  const digest = createHash('sha256').update(rangeIdToBytes(left)).update(place).digest()
  return rangeId((parseRangeId(left) as { epoch: bigint }).epoch, digest.readBigUInt64BE(0))
}

/** The id of the right half if `entry` is a split: such a command rides alone in its entry. */
export function halfOf(left: RangeId, entry: Entry): RangeId | null {
  if (entry.type !== EntryType.command || firstKind(entry.data) !== RangeCommand.split) return null
  return halfId(left, entry)
}

/** ver.high u32, ver.low u32, little-endian; the key is what is left. */
export function encodeSplit({ ver, key }: SplitCommand): Uint8Array {
  const out = Buffer.alloc(8 + key.length)
  out.writeUInt32LE(ver.high, 0)
  out.writeUInt32LE(ver.low, 4)
  out.set(key, 8)
  return out
}

/** @throws KvError Corrupt */
export function decodeSplit(body: Uint8Array): SplitCommand {
  if (body.length < 8) throw new KvError('Corrupt', 'a split command is cut off')
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  return { ver: { high: view.getUint32(0, true), low: view.getUint32(4, true) }, key: body.subarray(8) }
}

function halfConfig({ voters, learners }: Config): Config {
  const half = (members: readonly Member[]) => members.map(({ store }) => ({ store, replica: HALF_REPLICA }))
  return { voters: half(voters), learners: half(learners), nextVoters: [], nextLearners: [] }
}
