import type { HostId } from '@base-kv/base'
import type { Member } from './member.ts'

export type MemberEvent =
  /** A member is new, or its state, incarnation or address changed. */
  | { readonly kind: 'member'; readonly member: Member; readonly before: Member | undefined }
  /** A message of the layer above. */
  | { readonly kind: 'user'; readonly from: HostId; readonly bytes: Uint8Array }
  /** Others hold that this very process is gone and another answers at its address; nothing it sends counts any more. */
  | { readonly kind: 'superseded' }
  /** The node at `address` refuses to sync. */
  | { readonly kind: 'refused'; readonly address: string; readonly reason: string }
  /** The goodbye has been spread: the process may end. */
  | { readonly kind: 'leaveSpread' }

/** What the shell has to do after a step. */
export interface SwimOutput {
  /** To send, unreliably. */
  readonly packets: { readonly to: string; readonly bytes: Uint8Array }[]
  /** To ask over a reliable channel which host answers there; the answer goes to `probed`. */
  readonly probes: { readonly id: number; readonly address: string; readonly timeoutMs: number }[]
  /** To hand over a reliable channel; the answer goes to `syncAnswered`. */
  readonly syncs: { readonly id: number; readonly address: string; readonly state: Uint8Array }[]
  readonly events: MemberEvent[]
}

export const emptyOutput = (): SwimOutput => ({ packets: [], probes: [], syncs: [], events: [] })
