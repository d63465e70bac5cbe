/** base-kv/raft: Raft as a pure machine. Start with types.ts, then raft.ts, core.ts and step.ts. */
export { decodeConfig, encodeConfig } from './config-codec.ts'
export {
  configMembers,
  configMembersMax,
  configVoters,
  emptyConfig,
  hasMember,
  initialConfig,
  isJoint,
  isVoter,
  memberOf,
  sameMember,
  wellFormed,
} from './config.ts'
export { addedAt, canRenew, generationOf, replicaIdOf } from './generation.ts'
export { checkOptions, defaultRaftOptions } from './options.ts'
export { jointValue, jointVoteResult, majorityOf, majorityValue, voteResult, type VoteResult } from './quorum.ts'
export { createRaft } from './raft.ts'
export * from './types.ts'
