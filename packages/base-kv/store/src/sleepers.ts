/**
 * Ranges that sleep cost nothing: no tick reaches them, and nothing goes through all ranges while nothing happens. Any
 * turn of a range makes it tick again, until it rests.
 *
 * What nobody would tell a sleeper is looked for slowly: a member that was silent when the group fell asleep, lives on
 * and was never reported lost would stay behind for ever.
 */
import type { StoreId } from '@base-kv/base'
import type { Range } from '@base-kv/range'
import { ElectionTurns } from './election-turns.ts'

/** Between two looks, in election timeouts. */
const LOOK_ELECTION_TIMEOUTS = 20

export class Sleepers {
  readonly #lookMs: number
  readonly #ticking = new Set<Range>()
  readonly #elections: ElectionTurns
  #nextLookMs = Number.NEGATIVE_INFINITY

  constructor({ store, electionTimeoutMs }: { readonly store: StoreId; readonly electionTimeoutMs: number }) {
    this.#lookMs = LOOK_ELECTION_TIMEOUTS * electionTimeoutMs
    this.#elections = new ElectionTurns(store)
  }

  /** Those that tick. */
  get awake(): Iterable<Range> {
    return this.#ticking
  }

  get awakeCount(): number {
    return this.#ticking.size
  }

  /** It has done something. */
  stirs(range: Range): void {
    this.#ticking.add(range)
  }

  gone(range: Range): void {
    this.#ticking.delete(range)
  }

  tick(nowMs: number, all: Iterable<Range>): void {
    for (const range of this.#ticking) {
      if (range.isResting) this.#ticking.delete(range)
      else this.#elections.tick(range)
    }
    this.#elections.endRound()
    if (nowMs < this.#nextLookMs) return
    this.#nextLookMs = nowMs + this.#lookMs
    for (const range of all) if (!this.#ticking.has(range)) range.lookRound()
  }
}
