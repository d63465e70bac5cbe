/** The state machine of one replica: its keys, the replicated state beside them, and what an entry does to both. */
import { assert, KvError, type LogIndex } from '@base-kv/base'
import { decodeConfig, type Entry, EntryType } from '@base-kv/raft'
import type { FoundRange, RangeData, RangeView, Storage } from '@base-kv/storage'
import { decodeCommands, RangeCommand } from './command-batch.ts'
import type { Coprocessor, RangeReader, RangeWriter } from './coprocessor.ts'
import { decodeState, encodeState, type ReplicatedState } from './range-state.ts'
import { decodeRepair } from './repair.ts'

const NOTHING = new Uint8Array(0)

export interface AppliedEntry {
  /** One answer a command. */
  readonly answers: readonly (Uint8Array | KvError)[]
  readonly stateChanged: boolean
}

export class StateMachine {
  readonly #coprocessor: Coprocessor
  readonly #writer: RangeWriter
  readonly reader: RangeReader
  // Both null: an uninitialised replica that waits for its first snapshot.
  #data: RangeData | null = null
  #state: ReplicatedState | null = null
  #applied: LogIndex

  /** @throws KvError Corrupt, or BadConfig for a newer format */
  constructor(found: FoundRange, storage: Storage, coprocessor: Coprocessor) {
    this.#coprocessor = coprocessor
    this.#applied = found.data?.applied.index ?? found.snapshot.index
    if (found.data) {
      this.#data = storage.data.range(found.range)
      this.#state = decodeState(found.data.state)
    }
    const machine = this
    this.reader = {
      get boundary() {
        return machine.#readyState().boundary
      },
      get: (key) => machine.#readyData().get('user', key),
      readView: (): RangeView => machine.#readyData().readView(),
    }
    this.#writer = {
      get boundary() {
        return machine.#readyState().boundary
      },
      get: (key) => machine.#readyData().get('user', key),
      put: (key, value) => machine.#readyData().put('user', key, value),
      delete: (key) => machine.#readyData().delete('user', key),
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

  /** @throws KvError Corrupt when stored bytes that the entry needs are damaged: this replica cannot go on */
  apply(entry: Entry): AppliedEntry {
    assert(entry.index === this.#applied + 1, () => `entry ${entry.index} behind applied ${this.#applied}`)
    const data = this.#readyData()
    const before = this.#readyState()
    const answers: (Uint8Array | KvError)[] = []
    let state = before
    try {
      if (entry.type === EntryType.command) {
        decodeCommands(entry.data, (kind, body) => {
          if (kind === RangeCommand.confirmEpoch) state = { ...state, confirmed: true }
          else if (kind === RangeCommand.repair) state = { ...state, repair: decodeRepair(body) }
          answers.push(kind >= RangeCommand.confirmEpoch ? NOTHING : this.#coprocessor.mutate(kind, body, this.#writer))
        })
      } else if (entry.type === EntryType.config) {
        state = withConfig(state, entry.data)
      }
    } catch (thrown) {
      // Closes the step that the entry began; nothing of this replica is read any more.
      data.setApplied(data.record.applied)
      throw thrown
    }
    const stateChanged = state !== before
    this.#state = state
    data.setApplied({ index: entry.index, term: entry.term }, stateChanged ? encodeState(state) : undefined)
    this.#applied = entry.index
    return { answers, stateChanged }
  }

  /** A snapshot was put in place. */
  replace(data: RangeData, state: ReplicatedState, applied: LogIndex): void {
    this.#data = data
    this.#state = state
    this.#applied = applied
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

function withConfig(state: ReplicatedState, data: Uint8Array): ReplicatedState {
  const config = decodeConfig(data)
  assert(config, 'a committed configuration decodes')
  const joint = config.nextVoters.length > 0
  const ver = { high: state.ver.high, low: state.ver.low + 1 }
  return { ...state, config, state: joint ? 'ConfigChanging' : 'Normal', ver }
}
