/**
 * A coprocessor in its place in one replica: what it is handed (readers, a writer, the moment for its hooks), what it hands
 * out (its fact), and the load that goes through it.
 */
import { assert, type Boundary, type Clock, KvError, limits, type Random, sameKey } from '@base-kv/base'
import type { SplitHint, SplitHintType } from '@base-kv/landscape'
import type { RangeData } from '@base-kv/storage'
import type { CommitHook, Committed, Coprocessor, RangeReader, RangeWriter, ResetOccasion } from './coprocessor.ts'
import { LoadWindow } from './load-window.ts'
import { meteredView } from './metered-view.ts'
import { isInside } from './split.ts'

const NO_FACT = new Uint8Array(0)

/** The replica's keys, as they are at the moment of the call. */
export interface SeatState {
  boundary(): Boundary
  data(): RangeData
}

export interface SeatDeps {
  readonly clock: Clock
  readonly random: Random
  /** Another fact. */
  changed(): void
}

export class SeatedCoprocessor {
  readonly #coprocessor: Coprocessor
  readonly #state: SeatState
  readonly #changed: () => void
  readonly #mutations: LoadWindow
  readonly #queries: LoadWindow
  readonly #writer: RangeWriter
  readonly #reader: RangeReader
  readonly #quietReader: RangeReader
  #isMutating = false
  #wrote = false
  #hooks: CommitHook[] = []
  #resets = 0
  #fact: Uint8Array = NO_FACT
  // Damaged bytes that `reset` came upon: whatever needs what it should have built meets them instead.
  #failed: KvError | null = null

  constructor(coprocessor: Coprocessor, state: SeatState, { clock, random, changed }: SeatDeps) {
    this.#coprocessor = coprocessor
    this.#state = state
    this.#changed = changed
    this.#mutations = new LoadWindow(clock, random)
    this.#queries = new LoadWindow(clock, random)
    this.#writer = this.#makeWriter()
    this.#reader = {
      get boundary() {
        return state.boundary()
      },
      get: (key) => this.#get(this.#queries, key),
      readView: () => meteredView(state.data().readView(), this.#queries),
    }
    // Its reads count as nobody's load.
    this.#quietReader = {
      get boundary() {
        return state.boundary()
      },
      get: (key) => state.data().get('user', key),
      readView: () => state.data().readView(),
    }
  }

  /** Whether the command that was applied last has changed a key. */
  get wrote(): boolean {
    return this.#wrote
  }

  get fact(): Uint8Array {
    return this.#fact
  }

  check(kind: number, body: Uint8Array): KvError | null {
    return this.#coprocessor.check(kind, body)
  }

  toSplitKey(key: Uint8Array, boundary: Boundary): Uint8Array | null {
    return this.#coprocessor.toSplitKey(key, boundary)
  }

  /** Around the commands of one entry: its share of the load. */
  beginEntry(): number {
    return this.#mutations.beginRequest()
  }

  endEntry(begun: number): void {
    this.#mutations.endRequest(begun)
  }

  /** @throws KvError Corrupt */
  mutate(kind: number, body: Uint8Array): Uint8Array | KvError {
    if (this.#failed) throw this.#failed
    const hooks = this.#hooks.length
    this.#wrote = false
    this.#isMutating = true
    const answer = this.#coprocessor.mutate(kind, body, this.#writer)
    this.#isMutating = false
    if (!(answer instanceof KvError)) return answer
    assert(!this.#wrote, 'a refused command changes nothing')
    this.#hooks.length = hooks
    return answer
  }

  /** The entry counts: runs the hooks of its commands. */
  committed(at: Committed): void {
    if (this.#hooks.length === 0) return
    const hooks = this.#hooks
    this.#hooks = []
    for (const hook of hooks) {
      try {
        hook(at)
      } catch (thrown) {
        // It must not tear a turn apart, where others wait.
        queueMicrotask(() => {
          throw thrown
        })
      }
    }
  }

  /** @throws KvError */
  query(kind: number, body: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (this.#failed) throw this.#failed
    const begun = this.#queries.beginRequest()
    const answer = this.#coprocessor.query(kind, body, this.#reader)
    if (!(answer instanceof Promise)) {
      this.#queries.endRequest(begun)
      return answer
    }
    return answer.finally(() => this.#queries.endRequest(begun))
  }

  reset(occasion: ResetOccasion): void {
    this.#mutations.reset()
    this.#queries.reset()
    const era = ++this.#resets
    this.#publish(NO_FACT)
    const publish = (fact: Uint8Array): void => {
      assert(fact.length <= limits.factBytesMax, () => `a fact of ${fact.length} bytes`)
      if (era === this.#resets) this.#publish(Uint8Array.from(fact))
    }
    this.#failed = null
    try {
      this.#coprocessor.reset?.(this.#state.boundary(), { occasion, state: this.#quietReader, publish })
    } catch (thrown) {
      if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
      this.#failed = thrown
    }
  }

  /** Of the last whole window. */
  hints(): SplitHint[] {
    const hints: SplitHint[] = []
    this.#addHint(hints, 'kv_io_mutation', this.#mutations)
    this.#addHint(hints, 'kv_io_query', this.#queries)
    return hints
  }

  close(): void {
    if (this.#resets++ > 0) this.#coprocessor.close?.()
  }

  #publish(fact: Uint8Array): void {
    if (sameKey(fact, this.#fact)) return
    this.#fact = fact
    this.#changed()
  }

  #addHint(hints: SplitHint[], type: SplitHintType, window: LoadWindow): void {
    const last = window.last()
    if (!last) return
    hints.push({ type, load: last.load, splitKey: last.middle && this.#align(last.middle) })
  }

  /** Where the range may be cut, near `key`; null when nowhere. */
  #align(key: Uint8Array): Uint8Array | null {
    const boundary = this.#state.boundary()
    const aligned = isInside(boundary, key) ? this.#coprocessor.toSplitKey(key, boundary) : null
    return aligned && isInside(boundary, aligned) ? aligned : null
  }

  #get(window: LoadWindow, key: Uint8Array): Uint8Array | undefined {
    const drawn = window.reads()
    const value = this.#state.data().get('user', key)
    if (drawn) window.accessed(key)
    window.got(key.length + (value?.length ?? 0))
    return value
  }

  #makeWriter(): RangeWriter {
    const state = this.#state
    const window = this.#mutations
    // Once for each write, so without a closure.
    const begins = (): void => {
      assert(this.#isMutating, 'only mutate writes')
      this.#wrote = true
    }
    return {
      get boundary() {
        return state.boundary()
      },
      get: (key) => this.#get(window, key),
      put: (key, value) => {
        begins()
        const drawn = window.writes(key.length + value.length)
        state.data().put('user', key, value)
        if (drawn) window.accessed(key)
      },
      delete: (key) => {
        begins()
        const drawn = window.writes(key.length)
        state.data().delete('user', key)
        if (drawn) window.accessed(key)
      },
      afterCommit: (hook) => {
        assert(this.#isMutating, 'hooks are handed over in mutate')
        this.#hooks.push(hook)
      },
    }
  }
}
