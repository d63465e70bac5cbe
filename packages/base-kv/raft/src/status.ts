/** A picture of the machine for people, metrics and the range above. */
import type { LogIndex, StoreId, Term } from '@base-kv/base'
import type { Core } from './core.ts'
import type { Progress, RaftStatus } from './types.ts'

export function statusOf(core: Core): RaftStatus {
  const { log, leading } = core
  const progress: Progress[] = []
  for (const peer of leading?.peers.values() ?? []) {
    if (peer.self) continue
    progress.push({
      member: peer.member,
      voter: peer.voter,
      match: peer.match as LogIndex,
      next: peer.next as LogIndex,
      state: peer.state,
      inflight: peer.inflight.count,
      silentMs: core.nowMs - peer.answeredMs,
    })
  }
  return {
    self: core.self,
    role: core.role,
    term: core.term as Term,
    vote: core.vote,
    leader: core.leader,
    commit: publicCommit(core),
    applied: core.applied as LogIndex,
    lastIndex: log.last as LogIndex,
    lastTerm: log.lastTerm as Term,
    stableIndex: core.disk.stable as LogIndex,
    snapshotIndex: log.snapshotIndex as LogIndex,
    config: core.config,
    configIndex: log.configIndex as LogIndex,
    transferTarget: leading?.transfer?.target ?? (null as StoreId | null),
    asleep: core.asleep,
    progress,
  }
}

/** As far as entries were handed out: the shell cannot know those that a message brought a moment ago. */
export function publicCommit(core: Core): LogIndex {
  return Math.min(core.commit, core.log.handed) as LogIndex
}
