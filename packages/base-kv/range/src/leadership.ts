/** What this replica has noticed of who leads, and what follows when that changes. */
import type { Log, RangeId } from '@base-kv/base'
import { MessageType, type RaftMachine } from '@base-kv/raft'
import type { Proposals } from './proposals.ts'
import type { StateMachine } from './state-machine.ts'

/** What only a leader sends. */
const LEADERS: ReadonlySet<MessageType> = new Set([
  MessageType.append,
  MessageType.heartbeat,
  MessageType.snapshotOffer,
  MessageType.sleep,
])

export interface LeadershipDeps {
  readonly raft: RaftMachine
  readonly machine: StateMachine
  readonly proposals: Proposals
  readonly log: Log
  nowMs(): number
  /** Proposes the entry that confirms the epoch of a first range. */
  confirmEpoch(): void
}

export class Leadership {
  readonly #range: RangeId
  readonly #deps: LeadershipDeps
  #wasLeader = false
  #confirmAskedTerm = 0
  #heardLeaderMs: number
  #asleep = false

  constructor(range: RangeId, deps: LeadershipDeps) {
    this.#range = range
    this.#deps = deps
    this.#heardLeaderMs = deps.nowMs()
  }

  /** As of the last change of status. */
  get asleep(): boolean {
    return this.#asleep
  }

  /** Milliseconds since a leader was heard; 0 for a leader, and while the group sleeps. */
  get leaderlessMs(): number {
    const { raft, nowMs } = this.#deps
    const now = nowMs()
    return raft.role === 'leader' || raft.status(now).asleep ? 0 : now - this.#heardLeaderMs
  }

  heard(type: MessageType, nowMs: number): void {
    if (LEADERS.has(type)) this.#heardLeaderMs = nowMs
  }

  /** The core says that its status changed. */
  notice(): void {
    const { raft, machine, proposals, log, nowMs } = this.#deps
    const now = nowMs()
    const leads = raft.role === 'leader'
    this.#asleep = raft.status(now).asleep
    if (this.#asleep) machine.requests?.rest()
    if (leads && !this.#wasLeader) proposals.gainedLeadership(raft.lastIndex)
    if (!leads) proposals.lostLeadership(now, 'this node does not lead the range any more')
    if (leads !== this.#wasLeader) {
      if (!leads) this.#heardLeaderMs = now
      const leader = raft.leader?.store ?? null
      log.info(leads ? 'leads' : 'follows', { range: this.#range, term: raft.term, leader })
    }
    this.#wasLeader = leads
    const { state } = machine
    if (leads && state && !state.confirmed && this.#confirmAskedTerm !== raft.term) {
      this.#confirmAskedTerm = raft.term
      this.#deps.confirmEpoch()
    }
  }
}
