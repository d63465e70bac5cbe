/**
 * The end of an entry's way through the log: the state machine takes it, whoever proposed it here gets the answers, and
 * what it says of the group itself (a split, other members) is told to the store.
 */
import { assert, killPoint, KvError, type RangeId } from '@base-kv/base'
import { addedAt, type Config, type Entry, EntryType, isJoint, type LogReader, type Member } from '@base-kv/raft'
import { ApplyQueue } from './apply-queue.ts'
import { configMembers, hasMember } from './descriptor.ts'
import { type Done, type Proposals, tell } from './proposals.ts'
import { mergeOf, type MergePlan } from './merge.ts'
import { halfOf } from './split.ts'
import type { AppliedSplit, StateMachine } from './state-machine.ts'

export interface ApplierDeps {
  readonly machine: StateMachine
  readonly proposals: Proposals
  readonly log: LogReader
  readonly data: { readonly hasRoom: boolean; whenRoom(): Promise<void> }
  schedule(): void
  /** Whether this replica has ended: nothing is applied any more. */
  ended(): boolean
  /** Whether the store can take the right half of a split now; it schedules this range when it can. */
  roomForHalf(half: RangeId): boolean
  split(applied: AppliedSplit): void
  isLeader(): boolean
  /**
   * Whether the replica here of the range that is to be taken over has come to its freeze; it schedules this range when it
   * may have. @throws KvError Corrupt when it never will
   */
  mergeeReady(merge: MergePlan): boolean
  absorbed(right: RangeId): void
  changed(): void
  /** A committed configuration leaves this replica out. */
  removed(): void
  /** A committed configuration leaves out members of the one before. */
  dismissed(members: readonly Member[]): void
}

export class Applier {
  readonly #range: RangeId
  readonly #self: Member
  readonly #deps: ApplierDeps
  readonly queue: ApplyQueue
  #waitsForRoom = false

  constructor(identity: { readonly range: RangeId; readonly self: Member }, deps: ApplierDeps) {
    this.#range = identity.range
    this.#self = identity.self
    this.#deps = deps
    this.queue = new ApplyQueue(deps.log, deps.machine.applied)
  }

  /** Applies what waits, as far as there is room. @returns whether anything was applied @throws KvError Corrupt */
  run(): boolean {
    const { machine, data } = this.#deps
    const before = machine.applied
    for (;;) {
      const entry = this.queue.next(machine.applied)
      if (!entry) break
      const half = halfOf(this.#range, entry)
      if (half !== null && !this.#deps.roomForHalf(half)) break
      const merge = mergeOf(this.#range, machine.state, entry)
      if (merge && !this.#deps.mergeeReady(merge)) break
      if (!data.hasRoom) {
        this.#goOnWhenRoom()
        break
      }
      if (half !== null) killPoint('split.apply')
      if (merge) killPoint('merge.apply')
      this.#apply(entry)
      if (this.#deps.ended()) return false
      this.queue.took(entry)
    }
    return machine.applied !== before
  }

  #goOnWhenRoom(): void {
    if (this.#waitsForRoom) return
    this.#waitsForRoom = true
    const goOn = () => {
      this.#waitsForRoom = false
      this.#deps.schedule()
    }
    // A failed flush has poisoned the storage: this process is ending.
    this.#deps.data.whenRoom().then(goOn, () => {})
  }

  #apply(entry: Entry): void {
    const { machine } = this.#deps
    const before = machine.state
    const { answers, toHearPosition, stateChanged, split, absorbed } = machine.apply(entry)
    // First: whoever is told to look elsewhere finds the right half.
    if (split) this.#deps.split(split)
    if (absorbed !== null) this.#deps.absorbed(absorbed)
    machine.service.committed({ index: entry.index, isLeader: this.#deps.isLeader() })
    const dones = this.#deps.proposals.applied(entry)
    if (dones) {
      assert(dones.length === answers.length, 'every command of an entry has its answer')
      for (let i = 0; i < dones.length; i++) {
        const answer = answers[i] as Uint8Array | KvError
        const done = dones[i] as Done
        const position = toHearPosition?.has(i) ? machine.requests?.position : undefined
        if (answer instanceof KvError) tell(done, answer, null, position)
        else tell(done, null, answer, position)
      }
    }
    if (!stateChanged) return
    if (before?.merge === null && machine.state?.merge) {
      killPoint(machine.state.merge.role === 'merger' ? 'merge.prepared' : 'merge.frozen')
    }
    this.#deps.changed()
    // A new replica that began with an older snapshot replays configurations from before it was added: they name it not,
    // and mean nothing.
    if (entry.type !== EntryType.config || entry.index < addedAt(this.#self.replica)) return
    const after = machine.state
    assert(after, 'an initialised replica has a state')
    killPoint(isJoint(after.config) ? 'members.joint' : 'members.left')
    this.#membersChanged(before?.config ?? null, after.config)
  }

  /** As of the entry just applied: what stands behind it in the log is not committed yet. */
  #membersChanged(before: Config | null, after: Config): void {
    const members = configMembers(after)
    if (!hasMember(members, this.#self)) this.#deps.removed()
    else if (before) this.#deps.dismissed(configMembers(before).filter((member) => !hasMember(members, member)))
  }
}
