/**
 * Who takes part, and the two steps of a change. A configuration counts from the moment its entry is appended; a change
 * of voters goes through a joint one, in which every decision needs a majority of both halves.
 */
import type { ReplicaId, StoreId } from '@base-kv/base'
import { newReplicaId } from './generation.ts'
import type { Config, Member } from './types.ts'

/** Members in one list of a configuration. */
export const configMembersMax = 64

export const emptyConfig: Config = { voters: [], learners: [], nextVoters: [], nextLearners: [] }

/** The first configuration of a group, by convention the one of the snapshot point at index 1, term 1. */
export function initialConfig(stores: readonly StoreId[]): Config {
  return { ...emptyConfig, voters: sorted(stores.map((store) => ({ store, replica: 1 as ReplicaId }))) }
}

export const isJoint = (config: Config): boolean => config.nextVoters.length > 0

export const sameMember = (a: Member, b: Member): boolean => a.store === b.store && a.replica === b.replica

/** Everybody in either half, each once, sorted by store. */
export function configMembers(config: Config): Member[] {
  const byStore = new Map<StoreId, Member>()
  for (const list of [config.voters, config.learners, config.nextVoters, config.nextLearners]) {
    for (const member of list) byStore.set(member.store, member)
  }
  return sorted([...byStore.values()])
}

/** Voters of either half, each once, sorted by store. */
export function configVoters(config: Config): Member[] {
  return configMembers({ ...emptyConfig, voters: config.voters, nextVoters: config.nextVoters })
}

export const hasMember = (list: readonly Member[], member: Member): boolean =>
  list.some((other) => sameMember(other, member))

export const isVoter = (config: Config, member: Member): boolean =>
  hasMember(config.voters, member) || hasMember(config.nextVoters, member)

/** The member that stands in the configuration for a store, whichever half and role. */
export function memberOf(config: Config, store: StoreId): Member | undefined {
  for (const list of [config.voters, config.nextVoters, config.learners, config.nextLearners]) {
    for (const member of list) if (member.store === store) return member
  }
  return undefined
}

/**
 * The configuration to append for a wanted membership: joint when the voters change, else simple.
 * @returns undefined when the target makes no sense.
 */
export function changeTo(
  current: Config,
  target: { readonly voters: readonly StoreId[]; readonly learners: readonly StoreId[] },
  entryIndex: number,
): Config | undefined {
  const replica = newReplicaId(current, entryIndex)
  const keep = (store: StoreId): Member => memberOf(current, store) ?? { store, replica }
  const voters = sorted(target.voters.map(keep))
  const learners = sorted(target.learners.map(keep))
  const sameVoters =
    voters.length === current.voters.length && voters.every((member) => hasMember(current.voters, member))
  const next = sameVoters
    ? { ...emptyConfig, voters, learners }
    : { voters: current.voters, learners: current.learners, nextVoters: voters, nextLearners: learners }
  return wellFormed(next) && voters.length > 0 ? next : undefined
}

/** What a joint configuration leads to. */
export function leaveJoint(config: Config): Config {
  return { ...emptyConfig, voters: config.nextVoters, learners: config.nextLearners }
}

/** The invariants of Config; also true of the empty configuration of an uninitialised replica. */
export function wellFormed(config: Config): boolean {
  const { voters, learners, nextVoters, nextLearners } = config
  const lists = [voters, learners, nextVoters, nextLearners]
  if (voters.length === 0) return lists.every((list) => list.length === 0)
  if (nextVoters.length === 0 && nextLearners.length > 0) return false
  if (!lists.every((list) => list.length <= configMembersMax && strictlyRising(list))) return false
  if (overlap(voters, learners) || overlap(nextVoters, nextLearners)) return false
  const replicas = new Map<StoreId, ReplicaId>()
  for (const { store, replica } of lists.flat()) {
    if ((replicas.get(store) ?? replica) !== replica) return false
    replicas.set(store, replica)
  }
  return true
}

const overlap = (a: readonly Member[], b: readonly Member[]): boolean =>
  a.some((member) => b.some((other) => other.store === member.store))

const strictlyRising = (list: readonly Member[]): boolean =>
  list.every((member, i) => i === 0 || (list[i - 1] as Member).store < member.store)

const sorted = (members: readonly Member[]): Member[] =>
  members.toSorted((a, b) => (a.store < b.store ? -1 : a.store > b.store ? 1 : 0))
