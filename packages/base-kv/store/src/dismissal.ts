/**
 * "Am I still a member?" A replica that was removed while it could not be reached is told nothing: its group does not
 * write to it any more. When it has heard no leader for long it asks everybody it knows, and so does a store about a
 * damaged replica. Only the leader answers, only when a majority confirms that it leads, and only "no": nothing is ever
 * destroyed on less.
 */
import { type RangeId, rangeIdFromBytes, replicaId, storeIdFromBytes } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import type { Member } from '@base-kv/raft'
import { wireRange, wireStore } from './raft-wire.ts'

/** Beside the Raft core's own numbers, on the same streams. */
export const DismissalType = { ask: 100, dismissed: 101 } as const
export type DismissalType = (typeof DismissalType)[keyof typeof DismissalType]

export interface DismissalMessage {
  readonly range: RangeId
  readonly type: DismissalType
  readonly from: Member
  readonly to: Member
}

/** Silence of the leader after which a replica asks, and the pause between two questions, in election timeouts. */
export const ASK_ELECTION_TIMEOUTS = 10

export const dismissalToWire = ({ range, type, from, to }: DismissalMessage): v1.RaftMessage.$Properties => ({
  range: wireRange(range),
  type,
  fromStore: wireStore(from.store),
  fromReplica: from.replica,
  toStore: wireStore(to.store),
  toReplica: to.replica,
})

/** undefined: some other message. */
export function dismissalFromWire(wire: v1.RaftMessage): DismissalMessage | undefined {
  const { type } = wire
  if (type !== DismissalType.ask && type !== DismissalType.dismissed) return undefined
  if (wire.range.length !== 16 || wire.fromStore.length !== 16 || wire.toStore.length !== 16) return undefined
  if (!Number.isSafeInteger(wire.fromReplica) || !Number.isSafeInteger(wire.toReplica)) return undefined
  return {
    range: rangeIdFromBytes(wire.range),
    type,
    from: { store: storeIdFromBytes(wire.fromStore), replica: replicaId(wire.fromReplica) },
    to: { store: storeIdFromBytes(wire.toStore), replica: replicaId(wire.toReplica) },
  }
}
