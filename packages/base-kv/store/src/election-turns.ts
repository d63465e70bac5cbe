/**
 * Which elections may begin, when thousands are due at once: after all nodes were restarted, or when a node that led much is
 * gone. If all began together, none would end before its candidates' patience does: terms would rise, and nobody lead.
 *
 * So in each round of ticks only some of those whose election is due may campaign, and the next ones in the next round.
 * More of them are such that are the store's own, by a rule that all stores share, so that they do not compete; fewer are
 * of others, whose own store may be gone. Those that cannot win (their majority is lost) only make a round longer.
 */
import type { StoreId } from '@base-kv/base'
import type { Range } from '@base-kv/range'

/** A round: about what a store elects in one tick. Groups as few as these are never held back. */
const OWN_MAX = 64
const OTHERS_MAX = 32

export class ElectionTurns {
  readonly #store: StoreId
  readonly #own = new Window(OWN_MAX)
  readonly #others = new Window(OTHERS_MAX)

  constructor(store: StoreId) {
    this.#store = store
  }

  /** Ticks it; an election that is due begins only when it is its turn. */
  tick(range: Range): void {
    if (!range.isElectionDue) range.tick()
    else range.tick((this.#isOwn(range) ? this.#own : this.#others).next())
  }

  /** All were ticked. */
  endRound(): void {
    this.#own.move()
    this.#others.move()
  }

  /** One of the members, by the range's id: the same one on every store. */
  #isOwn({ id, members }: Range): boolean {
    let sum = 0
    for (let at = Math.max(0, id.length - 6); at < id.length; at++) sum += id.charCodeAt(at)
    return members[sum % members.length]?.store === this.#store
  }
}

/** A window over a list that comes by anew in each round, in about the same order. */
class Window {
  readonly #size: number
  #seen = 0
  // Of the round before.
  #total = 0
  #from = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Whether the next one that comes by is in the window. */
  next(): boolean {
    const at = this.#seen++
    // More than in the round before: those behind have their turn in the next one.
    if (at >= this.#total) return at < this.#size
    return this.#total <= this.#size || (at - this.#from + this.#total) % this.#total < this.#size
  }

  move(): void {
    this.#total = this.#seen
    this.#seen = 0
    this.#from = this.#total === 0 ? 0 : (this.#from + this.#size) % this.#total
  }
}
