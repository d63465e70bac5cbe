import { type Member, type Config } from '@base-kv/raft'
import { storeId, type StoreId } from '@base-kv/base'

/** Stores are numbered from 0 in the simulator; the core knows them by their ids, which sort in the same order. */
export const stores: readonly StoreId[] = Array.from({ length: 8 }, (_, number) =>
  storeId(`00000000-0000-4000-8000-00000000000${number}`),
)

export const storeNumber = (store: StoreId): number => store.charCodeAt(35) - 48

/** One number for a member, for maps and traces. */
export const memberKey = (member: Member): number => storeNumber(member.store) * 1_000_000 + member.replica

export const sameMember = (a: Member, b: Member): boolean => a.store === b.store && a.replica === b.replica

/** `2@17`: store 2, the replica that entry 17 added. */
export const memberText = (member: Member): string => `${storeNumber(member.store)}@${member.replica}`

export const isJoint = (config: Config): boolean => config.nextVoters.length > 0 || config.nextLearners.length > 0

/** Everyone who stands in either half. */
export function membersOf(config: Config): Member[] {
  const out = new Map<number, Member>()
  for (const list of [config.voters, config.learners, config.nextVoters, config.nextLearners]) {
    for (const member of list) out.set(memberKey(member), member)
  }
  return [...out.values()]
}

export function isMember(config: Config, member: Member): boolean {
  return membersOf(config).some((other) => sameMember(other, member))
}

/** A majority of the voters, of both halves when joint, by the definition rather than by sorting positions. */
export function quorumOf(config: Config, has: (member: Member) => boolean): boolean {
  const majority = (voters: readonly Member[]): boolean => {
    let count = 0
    for (const voter of voters) if (has(voter)) count++
    return count * 2 > voters.length
  }
  return majority(config.voters) && (!isJoint(config) || majority(config.nextVoters))
}

/** `0@1,1@1+2@1 > 3@9`: voters + learners, and the next half when joint. */
export function configText(config: Config): string {
  const list = (members: readonly Member[]): string => members.map(memberText).join(',')
  const half = (voters: readonly Member[], learners: readonly Member[]): string =>
    list(voters) + (learners.length > 0 ? `+${list(learners)}` : '')
  const old = half(config.voters, config.learners)
  return isJoint(config) ? `${old}>${half(config.nextVoters, config.nextLearners)}` : old
}
