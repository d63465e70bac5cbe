/** The state machine of one replica: its keys, the replicated state beside them, and what an entry does to both. */
import { assert, covers, KvError, limits, type LogIndex, type RangeId } from '@base-kv/base'
import { type Entry, EntryType } from '@base-kv/raft'
import type { Applied, FoundRange, Pair, RangeData, Storage } from '@base-kv/storage'
import { decodeCommands, RangeCommand } from './command-batch.ts'
import type { Coprocessor } from './coprocessor.ts'
import type { MergePlan } from './merge.ts'
import { changeConfig, changeRange } from './range-change.ts'
import { decodeState, encodeState, type ReplicatedState } from './range-state.ts'
import * as refuse from './refusals.ts'
import { RequestTable } from './request-table.ts'
import { SeatedCoprocessor, type SeatDeps } from './seated-coprocessor.ts'
import { HALF_REPLICA, halfHardState, halfPoint, type SplitPlan } from './split.ts'
import type { Stamp } from './stamp.ts'

export interface AppliedEntry {
  /** One answer a command. */
  readonly answers: readonly (Uint8Array | KvError)[]
  /** Which of them go to clients who should hear the position of the range, if any do. */
  readonly toHearPosition: ReadonlySet<number> | null
  readonly stateChanged: boolean
  readonly split: AppliedSplit | null
  /** A range that was taken over. */
  readonly absorbed: RangeId | null
}

export interface AppliedSplit {
  readonly right: RangeId
  /** To be opened at once; null when the right half is here already, or must not be. */
  readonly half: FoundRange | null
}

/** The replica here of a range that is about to be taken over. */
export interface Mergee {
  /** Its table of requests. @throws KvError Corrupt */
  records(): Iterable<Pair>
  /** Nothing is applied to it any more. */
  end(): void
  /** The merge stands on disk: its log is about to go. */
  absorbed(): void
}

export interface StateMachineDeps extends SeatDeps {
  readonly storage: Storage
  readonly coprocessor: Coprocessor
  mergee(right: RangeId): Mergee
}

export class StateMachine {
  readonly #id: RangeId
  readonly #storage: Storage
  readonly service: SeatedCoprocessor
  readonly #mergee: (right: RangeId) => Mergee
  // Both null: an uninitialised replica that waits for its first snapshot.
  #data: RangeData | null = null
  #state: ReplicatedState | null = null
  #requests: RequestTable | null = null
  #applied: LogIndex

  /** @throws KvError Corrupt, or BadConfig for a newer format */
  constructor(found: FoundRange, deps: StateMachineDeps) {
    this.#id = found.range
    this.#storage = deps.storage
    this.#mergee = (right) => deps.mergee(right)
    const seat = { boundary: () => this.#readyState().boundary, data: () => this.#readyData() }
    this.service = new SeatedCoprocessor(deps.coprocessor, seat, deps)
    this.#applied = found.data?.applied.index ?? found.snapshot.index
    if (found.data) {
      this.#data = deps.storage.data.range(found.range)
      this.#state = decodeState(found.data.state)
      this.#requests = new RequestTable(this.#data)
      this.service.reset('open')
    }
  }

  get applied(): LogIndex {
    return this.#applied
  }

  get data(): RangeData | null {
    return this.#data
  }

  get state(): ReplicatedState | null {
    return this.#state
  }

  /** null: an uninitialised replica. */
  get requests(): RequestTable | null {
    return this.#requests
  }

  /** @throws KvError Corrupt when stored bytes that the entry needs are damaged: this replica cannot go on */
  apply(entry: Entry): AppliedEntry {
    assert(entry.index === this.#applied + 1, () => `entry ${entry.index} behind applied ${this.#applied}`)
    const data = this.#readyData()
    const before = this.#readyState()
    const requests = this.#readyRequests()
    const answers: (Uint8Array | KvError)[] = []
    let toHearPosition: Set<number> | null = null
    const isFrozen = before.state === 'WaitingForMerge'
    let state = before
    let split = null as SplitPlan | null
    let merge = null as MergePlan | null
    try {
      if (entry.type === EntryType.command) {
        const begun = this.service.beginEntry()
        decodeCommands(entry.data, (kind, body, stamp) => {
          if (stamp && requests.isOld(stamp.seen)) (toHearPosition ??= new Set()).add(answers.length)
          if (kind < RangeCommand.confirmEpoch) {
            answers.push(isFrozen ? refuse.frozen(this.#id) : this.#mutateOnce(kind, body, stamp))
            return
          }
          const change = changeRange(this.#id, state, kind, body, entry)
          answers.push(change instanceof KvError ? change : change.reply)
          if (!(change instanceof KvError)) ({ state, split, merge } = change)
        })
        this.service.endEntry(begun)
        if (merge) requests.absorb(this.#mergee(merge.right).records())
        requests.settle()
      } else if (entry.type === EntryType.config) {
        state = changeConfig(state, entry.data)
      }
    } catch (thrown) {
      // Closes the step that the entry began; nothing of this replica is read any more.
      data.setApplied(data.record.applied)
      throw thrown
    }
    const stateChanged = state !== before
    this.#state = state
    this.#applied = entry.index
    const at = { index: entry.index, term: entry.term }
    if (merge) this.#join(merge, at)
    const cut = split ? this.#cut(split, at) : null
    if (!split && !merge) data.setApplied(at, stateChanged ? encodeState(state) : undefined)
    if (state.boundary !== before.boundary) {
      this.service.reset(covers(before.boundary, state.boundary) ? 'split' : 'merge')
    }
    return { answers, toHearPosition, stateChanged, split: cut, absorbed: merge?.right ?? null }
  }

  /** A snapshot was put in place. @throws KvError Corrupt, or BadConfig for a newer format */
  replace(data: RangeData, state: ReplicatedState, applied: LogIndex): void {
    this.#data = data
    this.#requests = new RequestTable(data)
    this.#state = state
    this.#applied = applied
    this.service.reset('snapshot')
  }

  /** The command rode alone, so nothing of this entry comes behind it. */
  #cut({ key, left, rightId, right }: SplitPlan, at: Applied): AppliedSplit {
    const half = this.#storage.split(this.#id, {
      at,
      key,
      leftState: encodeState(left),
      right: {
        range: rightId,
        replica: HALF_REPLICA,
        snapshot: halfPoint(right.config),
        hardState: halfHardState,
        state: encodeState(right),
        local: this.#readyRequests().records(),
      },
    })
    return { right: rightId, half }
  }

  /** The marker rode alone, and what the merged range remembers of requests belongs to the same step. */
  #join({ right, frozenAt, state }: MergePlan, at: Applied): void {
    const mergee = this.#mergee(right)
    mergee.end()
    this.#storage.merge(this.#id, {
      at,
      state: encodeState(state),
      right,
      frozenAt: frozenAt.index,
      onDurable: () => mergee.absorbed(),
    })
  }

  /** What it refuses changes nothing and is not recorded: it may come again. */
  #mutateOnce(kind: number, body: Uint8Array, stamp: Stamp | null): Uint8Array | KvError {
    if (stamp === null) return this.service.mutate(kind, body)
    const requests = this.#readyRequests()
    const known = requests.judge(stamp)
    if (known) return known
    const answer = this.service.mutate(kind, body)
    if (answer instanceof KvError) return answer
    if (answer.length <= limits.requestAnswerBytesMax) requests.record(stamp, answer)
    // Without a change a retry is as good as the first attempt.
    else if (this.service.wrote) requests.record(stamp, null)
    return answer
  }

  #readyRequests(): RequestTable {
    assert(this.#requests, 'an initialised replica has a request table')
    return this.#requests
  }

  #readyData(): RangeData {
    assert(this.#data, 'an initialised replica has data')
    return this.#data
  }

  #readyState(): ReplicatedState {
    assert(this.#state, 'an initialised replica has a state')
    return this.#state
  }
}
