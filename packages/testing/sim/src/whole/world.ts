import type { EventHeap } from '../event-heap.ts'
import type { Network } from '../network.ts'
import type { Trace } from '../trace.ts'
import type { StoreCoverage } from './coverage.ts'
import type { Machine, Process } from './machine.ts'
import type { Plan } from './plan.ts'

/** A thing on its way between two machines: what to do with the process that it finds there. */
export type Packet = (to: Process) => void

/** Of one run: everything that its parts share. */
export interface World {
  readonly plan: Plan
  readonly heap: EventHeap
  readonly trace: Trace
  readonly coverage: StoreCoverage
  readonly machines: Machine[]
  readonly network: Network<Packet>
  /** Faults are over. */
  calm: boolean
  /**
   * Number of the event in which a process was ended last. Its code runs on to the end of that event, behind closed doors,
   * as a real process would not: what it throws there means nothing.
   */
  endedAt: number
  /** A process has ended by itself or by us: somebody starts it again. */
  crashed: (machine: Machine) => void
  /** A split or merge was applied there just now. */
  reshaped: (machine: Machine) => void
}
