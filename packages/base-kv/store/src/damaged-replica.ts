/** A replica that takes no part any more, because what is stored of it is not what was promised. */
import { logIndex, term } from '@base-kv/base'
import type { ReplicaDescriptor } from '@base-kv/landscape'
import { type Message, MessageType } from '@base-kv/raft'
import { clusterConfig } from '@base-kv/range'
import type { FoundRange } from '@base-kv/storage'

/** What a start found cannot be true: in words, or null. */
export function contradiction({ hardState, lastIndex }: FoundRange): string | null {
  // The commit index is written together with the log that it speaks of, or later.
  if (hardState.commit <= lastIndex) return null
  return `entry ${hardState.commit} was committed here, the log ends at ${lastIndex}`
}

export function describeDamaged(found: FoundRange): ReplicaDescriptor {
  const applied = found.data?.applied.index ?? logIndex(0)
  return {
    id: found.range,
    ver: { high: 0, low: 0 },
    boundary: found.data?.boundary ?? { start: null, end: null },
    state: 'Normal',
    role: 'Follower',
    config: clusterConfig(found.snapshot.config),
    term: found.hardState.term,
    leader: null,
    commit: found.hardState.commit,
    applied,
    flushed: applied,
    lastIndex: found.lastIndex,
    lastTerm: found.snapshot.term,
    snapshotIndex: found.snapshot.index,
    requestPosition: 0,
    progress: [],
    fact: new Uint8Array(0),
    hints: [],
    damage: found.reason,
  }
}

/** Answer to a message for a replica that is not here any more and never comes back. */
export const gone = (message: Message): Message => ({
  type: MessageType.gone,
  from: message.to,
  to: message.from,
  term: message.term,
  index: logIndex(0),
  logTerm: term(0),
  commit: logIndex(0),
  entries: [],
  reject: false,
  hintIndex: logIndex(0),
  hintTerm: term(0),
  round: 0,
  force: false,
  snapshot: null,
})
