/** cluster/swim: who is in the cluster, as a pure machine. Start with swim.ts. */
export { defaultSwimTiming, type SwimOptions, type SwimTiming } from './options.ts'
export type { Member, MemberState } from './member.ts'
export type { MemberEvent, SwimOutput } from './output.ts'
export type { SwimCounts } from './counts.ts'
export { SYNC_BYTES_MAX, USER_BYTES_MAX } from './wire.ts'
export { Swim, type SyncOutcome } from './swim.ts'
