/** What a replica shows of itself, from the core's status and the replicated state. */
import type { LogIndex, RangeId, StoreId } from '@base-kv/base'
import type { ClusterConfig, ReplicaDescriptor, RangeRole, SplitHint } from '@base-kv/landscape'
import type { Config, Member, RaftStatus } from '@base-kv/raft'
import type { ReplicatedState } from './range-state.ts'

export interface ReplicaPicture {
  readonly id: RangeId
  readonly status: RaftStatus
  readonly state: ReplicatedState | null
  readonly applied: LogIndex
  readonly flushed: LogIndex
  readonly requestPosition: number
  readonly fact: Uint8Array
  readonly hints: readonly SplitHint[]
}

export function replicaDescriptor({
  id,
  status,
  state,
  applied,
  flushed,
  requestPosition,
  fact,
  hints,
}: ReplicaPicture): ReplicaDescriptor {
  return {
    id,
    ver: state?.ver ?? { high: 0, low: 0 },
    boundary: state?.boundary ?? { start: null, end: null },
    state: state?.state ?? 'Normal',
    role: roleName(status),
    config: clusterConfig(status.config),
    term: status.term,
    leader: status.leader?.store ?? null,
    commit: status.commit,
    applied,
    flushed,
    lastIndex: status.lastIndex,
    lastTerm: status.lastTerm,
    snapshotIndex: status.snapshotIndex,
    requestPosition,
    progress: status.progress.map((peer) => ({
      store: peer.member.store,
      match: peer.match,
      state: peer.state,
      silentMs: Math.round(peer.silentMs),
    })),
    fact,
    hints,
    damage: '',
  }
}

/** Outside, members are named by their stores. */
export const clusterConfig = (config: Config): ClusterConfig => ({
  voters: storesOf(config.voters),
  learners: storesOf(config.learners),
  nextVoters: storesOf(config.nextVoters),
  nextLearners: storesOf(config.nextLearners),
})

function roleName(status: RaftStatus): RangeRole {
  if (status.role === 'leader') return 'Leader'
  return status.role === 'follower' ? 'Follower' : 'Candidate'
}

/** Everybody in either half, each once. */
export function configMembers({ voters, learners, nextVoters, nextLearners }: Config): readonly Member[] {
  const all = [...voters, ...learners, ...nextVoters, ...nextLearners]
  return [...new Map(all.map((member) => [member.store, member])).values()]
}

export const hasMember = (members: readonly Member[], { store, replica }: Member): boolean =>
  members.some((member) => member.store === store && member.replica === replica)

const storesOf = (members: readonly Member[]): StoreId[] => members.map((member) => member.store)
