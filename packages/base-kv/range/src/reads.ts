/**
 * Reads that wait: first for a round that confirms leadership (all that arrived since the last turn share one request),
 * then until the state machine has applied the confirmed index.
 */
import { KvError, limits, type LogIndex } from '@base-kv/base'
import { tell } from './proposals.ts'

/** Called once: with an error, or with null when the state is fresh enough to answer. */
export type ReadTurn = (error: KvError | null) => void

export class Reads {
  #collected: ReadTurn[] = []
  readonly #asked = new Map<number, readonly ReadTurn[]>()
  // Waiting for apply; few at a time, so order does not matter.
  #confirmed: { readonly index: LogIndex; readonly turns: readonly ReadTurn[] }[] = []
  #count = 0

  get hasCollected(): boolean {
    return this.#collected.length > 0
  }

  /** A read that wants a round. */
  collect(turn: ReadTurn): void {
    if (this.#hasRoom(turn)) this.#collected.push(turn)
  }

  /** A read that a lease has confirmed already. */
  collectConfirmed(index: LogIndex, turn: ReadTurn): void {
    if (this.#hasRoom(turn)) this.#confirmed.push({ index, turns: [turn] })
  }

  take(): readonly ReadTurn[] {
    const turns = this.#collected
    this.#collected = []
    return turns
  }

  asked(request: number, turns: readonly ReadTurn[]): void {
    this.#asked.set(request, turns)
  }

  confirmed(request: number, index: LogIndex): void {
    const turns = this.#asked.get(request)
    if (!turns) return
    this.#asked.delete(request)
    this.#confirmed.push({ index, turns })
  }

  /** Runs what `applied` makes fresh enough; or all of that is refused. */
  serve(applied: LogIndex, refusal: KvError | null): void {
    if (this.#confirmed.length === 0) return
    const ready = this.#confirmed.filter((entry) => entry.index <= applied)
    if (ready.length === 0) return
    this.#confirmed = this.#confirmed.filter((entry) => entry.index > applied)
    for (const { turns } of ready) this.#run(turns, refusal)
  }

  abort(request: number, error: KvError): void {
    const turns = this.#asked.get(request)
    if (!turns) return
    this.#asked.delete(request)
    this.#run(turns, error)
  }

  refuse(turns: readonly ReadTurn[], error: KvError): void {
    this.#run(turns, error)
  }

  /** A read changes nothing, so all of them may be asked again elsewhere. */
  close(error: KvError): void {
    const all = [this.take(), ...this.#asked.values(), ...this.#confirmed.map((entry) => entry.turns)]
    this.#asked.clear()
    this.#confirmed = []
    for (const turns of all) this.#run(turns, error)
  }

  #hasRoom(turn: ReadTurn): boolean {
    if (this.#count < limits.pendingReadsMax) {
      this.#count++
      return true
    }
    turn(
      new KvError('TryLater', `${this.#count} reads wait already`, {
        hint: 'send again after a pause: the queue of this range is full',
      }),
    )
    return false
  }

  #run(turns: readonly ReadTurn[], error: KvError | null): void {
    this.#count -= turns.length
    for (const turn of turns) tell(turn, error, null)
  }
}
