import type { HostId } from '@base-kv/base'

/**
 * - alive: answers, as far as anybody knows
 * - suspect: did not answer; dead when it does not object in time
 * - dead: did not object; comes back with a higher incarnation if it lives after all
 * - left: said goodbye, or another process answers at its address: final, a host id is never used again
 */
export type MemberState = 'alive' | 'suspect' | 'dead' | 'left'

export interface Member {
  readonly host: HostId
  /** `host:port`. */
  readonly address: string
  /** Raised only by the member itself, to object to a suspicion. */
  readonly incarnation: number
  readonly state: MemberState
}

/** A piece of news about a member, as it travels. */
export interface Update extends Member {
  /** Who says so: for suspicions, which count once for each accuser. */
  readonly from: HostId
}
