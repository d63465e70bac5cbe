/** A range's descriptor as it travels. */
import type { RangeDescriptor, ReplicaDescriptor } from '@base-kv/landscape'
import type { v1 } from '@base-kv/protocol'

/** What finds the way to a key. */
export const routeToWire = (range: ReplicaDescriptor): v1.RangeDescriptor.$Properties => ({
  id: range.id,
  verHigh: range.ver.high,
  verLow: range.ver.low,
  ...(range.boundary.start ? { startKey: range.boundary.start } : {}),
  ...(range.boundary.end ? { endKey: range.boundary.end } : {}),
  state: range.state,
  role: range.role,
  term: range.term,
  leader: range.leader ?? '',
  requestPosition: range.requestPosition,
})

/** With what is measured. */
export const describedToWire = (range: RangeDescriptor): v1.RangeDescriptor.$Properties => ({
  ...rangeToWire(range),
  statistics: { ...range.statistics },
  sizeBytes: range.statistics.dataSize ?? 0,
  hlc: String(range.hlc),
})

export function rangeToWire(range: ReplicaDescriptor): v1.RangeDescriptor.$Properties {
  const { boundary, config } = range
  return {
    id: range.id,
    verHigh: range.ver.high,
    verLow: range.ver.low,
    ...(boundary.start ? { startKey: boundary.start } : {}),
    ...(boundary.end ? { endKey: boundary.end } : {}),
    state: range.state,
    role: range.role,
    config: {
      voters: [...config.voters],
      learners: [...config.learners],
      nextVoters: [...config.nextVoters],
      nextLearners: [...config.nextLearners],
    },
    term: range.term,
    commitIndex: range.commit,
    appliedIndex: range.applied,
    lastIndex: range.lastIndex,
    lastTerm: range.lastTerm,
    leader: range.leader ?? '',
    progress: range.progress.map((peer) => ({
      storeId: peer.store,
      matchIndex: peer.match,
      state: peer.state,
      silentMs: peer.silentMs,
    })),
    snapshotIndex: range.snapshotIndex,
    requestPosition: range.requestPosition,
    flushedIndex: range.flushed,
    damage: range.damage,
    fact: range.fact,
    hints: range.hints.map(({ type, load, splitKey }) => ({
      type,
      load: { ...load },
      ...(splitKey ? { splitKey } : {}),
    })),
  }
}
