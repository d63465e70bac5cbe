import type { Member, Message, SnapshotMeta } from '@base-kv/raft'
import type { Observer } from './checkers/observer.ts'
import type { Disk } from './disk.ts'
import type { EventHeap } from './event-heap.ts'
import type { Coverage } from './faults.ts'
import type { Network } from './network.ts'
import type { Prng } from './prng.ts'
import type { Registers } from './registers.ts'
import type { Swarm } from './swarm.ts'
import type { Trace } from './trace.ts'

/** What travels between stores. A snapshot is asked for and comes on a way of its own, in one piece. */
export type Payload =
  | { readonly kind: 'raft'; readonly message: Message }
  | {
      readonly kind: 'pull'
      readonly from: Member
      readonly to: Member
      readonly token: number
      readonly snapshot: SnapshotMeta
    }
  | { readonly kind: 'state'; readonly to: Member; readonly token: number; readonly registers: Registers | null }

/** What all parts of one run share. */
export interface World {
  readonly swarm: Swarm
  readonly heap: EventHeap
  readonly trace: Trace
  readonly coverage: Coverage
  readonly observer: Observer
  /** By store number. */
  readonly disks: readonly Disk[]
  readonly network: Network<Payload>
  /** Chance inside the shells and the cores; faults and clients have streams of their own. */
  readonly prng: Prng
  /** Faults are over. */
  calm: boolean
  /** Tells the clients what they would notice first: a write was acknowledged there, a leader is new there. */
  noticed: (what: 'acknowledged' | 'leader', number: number) => void
  /** Clients want nothing before this. */
  quietUntilMs: number
  /** Numbers pulls of snapshots, so that a late answer is not taken for that of another pull or another life. */
  pullCount: number
  /** The store that a transfer under way is meant for. */
  transferTo: number | null
}
