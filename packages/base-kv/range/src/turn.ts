/**
 * What one replica does in one turn: hands its core what was collected, and carries out what the core asks for. A turn is
 * synchronous and ends quickly; everything that takes time calls back and asks for another one.
 *
 * Applying what is committed is the second half of a turn: messages and writes of the first half are on their way by then,
 * so that peers and the disk work meanwhile.
 */
import { killPoint, KvError, type RangeId } from '@base-kv/base'
import { EntryType, type Message, type RaftMachine, type Ready } from '@base-kv/raft'
import type { Storage } from '@base-kv/storage'
import type { Applier } from './applier.ts'
import { encodeCommands } from './command-batch.ts'
import type { Leadership } from './leadership.ts'
import type { Proposals } from './proposals.ts'
import type { TurnTime } from './range-deps.ts'
import type { ReadPath } from './read-path.ts'
import type { SnapshotIn } from './snapshot-in.ts'
import type { LoadedSnapshot } from './snapshot-transfer.ts'
import type { StateMachine } from './state-machine.ts'

export interface TurnDeps {
  readonly raft: RaftMachine
  readonly machine: StateMachine
  readonly proposals: Proposals
  readonly reads: ReadPath
  readonly applier: Applier
  readonly leadership: Leadership
  readonly snapshotIn: SnapshotIn
  readonly storage: Storage
  nowMs(): number
  /** Whether this replica has ended: nothing is done any more. */
  ended(): boolean
  schedule(when?: TurnTime): void
  send(messages: readonly Message[]): void
  changed(): void
  /** A snapshot has given this replica another boundary. */
  moved(): void
  damaged(reason: string): void
}

export class Turn {
  readonly #range: RangeId
  readonly #deps: TurnDeps

  constructor(range: RangeId, deps: TurnDeps) {
    this.#range = range
    this.#deps = deps
  }

  /** `diskFree`: no log sync is in flight, so what is proposed now is not kept waiting by it. */
  run(diskFree: boolean): void {
    const { raft, reads } = this.#deps
    const now = this.#deps.nowMs()
    this.#unlessDamaged(() => {
      // What arrived comes first: it may commit the entry that the next one waits for.
      if (raft.hasReady()) this.#carryOut(raft.ready(now))
      if (diskFree) this.#proposeCollected(now)
      if (reads.hasCollected) reads.ask(now)
      if (raft.hasReady()) this.#carryOut(raft.ready(now))
    })
  }

  /** Applies what is committed and answers whoever waits for it. */
  apply(): void {
    const { raft, applier, machine, reads, snapshotIn } = this.#deps
    this.#unlessDamaged(() => {
      if (!snapshotIn.installing && applier.run()) {
        raft.applied(machine.applied)
        reads.serve()
      }
      if (raft.hasReady()) this.#deps.schedule()
    })
  }

  /** A snapshot is in place: everything goes on behind it. */
  standOn({ snapshot, state }: LoadedSnapshot): void {
    const { machine, applier, proposals, raft, storage } = this.#deps
    try {
      machine.replace(storage.data.range(this.#range), state, snapshot.index)
    } catch (thrown) {
      if (!(thrown instanceof KvError)) throw thrown
      this.#deps.damaged(thrown.message)
      return
    }
    applier.queue.skipTo(snapshot.index)
    proposals.skippedTo(snapshot.index)
    raft.snapshotInstalled(this.#deps.nowMs(), snapshot)
    this.#deps.moved()
    this.#deps.changed()
  }

  #unlessDamaged(work: () => void): void {
    try {
      work()
    } catch (thrown) {
      if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
      this.#deps.damaged(thrown.message)
    }
  }

  /**
   * One entry after the other, unless much has been collected: an entry costs every member a sync and two messages,
   * however few commands ride in it.
   */
  #proposeCollected(now: number): void {
    const { raft, proposals } = this.#deps
    if (raft.role !== 'leader') return
    if (raft.lastIndex > raft.commit && !proposals.isMuch) return
    for (;;) {
      const taken = proposals.take()
      if (!taken) return
      const result = raft.propose(now, encodeCommands(taken.commands, taken.bytes))
      if (!result.ok) {
        proposals.putBack(taken)
        return
      }
      proposals.proposed(result, taken)
    }
  }

  #carryOut(ready: Ready): void {
    const { raft, storage, applier, leadership, reads, snapshotIn } = this.#deps
    if (ready.statusChanged) {
      leadership.notice()
      this.#deps.changed()
    }
    if (ready.messages.length > 0) this.#deps.send(ready.messages)
    const { persistId, messagesAfterPersist, entries } = ready
    if (persistId !== 0 || messagesAfterPersist.length > 0) {
      const changesMembers = entries.some(({ type }) => type === EntryType.config)
      storage.log.append(this.#range, { hardState: ready.hardState, truncateFrom: ready.truncateFrom, entries }, () => {
        if (this.#deps.ended()) return
        if (changesMembers) killPoint('members.logged')
        if (persistId !== 0) raft.persisted(this.#deps.nowMs(), persistId)
        if (messagesAfterPersist.length > 0) this.#deps.send(messagesAfterPersist)
        this.#deps.schedule('atFlush')
      })
    }
    applier.queue.push(ready.committed)
    if (ready.pullSnapshot) snapshotIn.begin(ready.pullSnapshot.from, ready.pullSnapshot.snapshot)
    reads.take(ready)
  }
}
