/**
 * Replica ids are born in generations. A group that lost its quorum for good goes on with one survivor, whose log may end
 * before that of the lost ones: index numbers that they have used come again. So that no replica id ever does, a recovery
 * begins a new generation, and an id is generation × 2^42 + index of the configuration entry that added the replica.
 * Every member of a configuration is of its newest generation or of the one that a recovery just ended.
 */
import { assert, type ReplicaId } from '@base-kv/base'
import type { Config } from './types.ts'

const GENERATION = 2 ** 42
const GENERATIONS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / GENERATION)

/** How often the group was recovered before this replica was added. */
export const generationOf = (replica: ReplicaId): number => Math.floor(replica / GENERATION)

/** Index of the configuration entry that added it. */
export const addedAt = (replica: ReplicaId): number => replica % GENERATION

/** Whether one more generation can be counted. */
export const canRenew = (replica: ReplicaId): boolean => generationOf(replica) + 1 < GENERATIONS_MAX

/** The id of a replica that the entry at `index` adds, in the generation of those that are there. */
export function newReplicaId({ voters }: Config, index: number): ReplicaId {
  const generation = Math.max(0, ...voters.map(({ replica }) => generationOf(replica)))
  return replicaIdOf(generation, index)
}

export function replicaIdOf(generation: number, index: number): ReplicaId {
  assert(index < GENERATION && generation < GENERATIONS_MAX, 'replica ids are not used up')
  return (generation * GENERATION + index) as ReplicaId
}
