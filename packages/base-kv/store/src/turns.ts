/**
 * Who gets a turn when. A range is `dirty` while it wants one. Turns run soon after the event that asked (one batch for
 * all events of one poll of the event loop), at once for peers' messages and for a command that nobody will ride with, and
 * around each log sync: what became durable is told on, and everything that arrived while the disk was busy rides in the
 * next batch.
 *
 * A turn has two halves. In the first all ranges hand over what is to be sent and written; the second, in which they apply
 * what is committed, comes behind the sending and, as a microtask, behind the one in which the log cuts its batch.
 */
import type { Range, TurnTime } from '@base-kv/range'

export interface TurnsHost {
  /** Runs after the events of this poll of the event loop. */
  soon(run: () => void): void
  /** No log sync is in flight. */
  isDiskFree(): boolean
  /** A range had its turn. */
  had(range: Range): void
  /** All had the first half of theirs: what they want to say may go out. */
  ended(): void
}

export class Turns {
  readonly #host: TurnsHost
  #dirty = new Set<Range>()
  // Those with commands or reads that wait for the disk to be free.
  readonly #withWork = new Set<Range>()
  // Those that had the first half of their turn.
  #halfway = new Set<Range>()
  #isAsked = false
  #isApplyAsked = false
  #isRunning = false
  #isStopped = false

  constructor(host: TurnsHost) {
    this.#host = host
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** With the next batch; the caller runs it. */
  add(range: Range): void {
    this.#dirty.add(range)
  }

  /** With the next batch. */
  schedule(range: Range, when: TurnTime = 'soon'): void {
    this.#dirty.add(range)
    if (when === 'atOnce') this.run()
    else if (when === 'soon') this.#ask()
  }

  forget(range: Range): void {
    this.#dirty.delete(range)
    this.#withWork.delete(range)
    this.#halfway.delete(range)
  }

  /** No range gets a turn any more. */
  stop(): void {
    this.#isStopped = true
  }

  run(): void {
    if (this.#isStopped || this.#isRunning) return
    const ranges = this.#dirty
    this.#dirty = new Set()
    this.#give(ranges, this.#host.isDiskFree())
  }

  /** As `run`, and both halves are over when it returns. */
  runWhole(): void {
    this.run()
    this.#apply()
  }

  /** The disk is free, and the next batch is about to be cut if there is anything to write. */
  beforeFlush(): void {
    if (this.#isStopped || this.#isRunning) return
    const ranges = this.#dirty
    this.#dirty = new Set()
    for (const range of this.#withWork) ranges.add(range)
    if (ranges.size > 0) this.#give(ranges, true)
  }

  #give(ranges: ReadonlySet<Range>, diskFree: boolean): void {
    this.#isRunning = true
    for (const range of ranges) {
      range.turn(diskFree)
      if (range.hasWork) this.#withWork.add(range)
      else this.#withWork.delete(range)
      this.#halfway.add(range)
    }
    this.#isRunning = false
    this.#host.ended()
    if (this.#halfway.size > 0 && !this.#isApplyAsked) {
      this.#isApplyAsked = true
      queueMicrotask(() => {
        this.#isApplyAsked = false
        this.#apply()
      })
    }
    // What became dirty during the turns runs after the events that wait meanwhile.
    if (this.#dirty.size > 0) this.#ask()
  }

  #apply(): void {
    if (this.#isStopped || this.#isRunning || this.#halfway.size === 0) return
    const ranges = this.#halfway
    this.#halfway = new Set()
    this.#isRunning = true
    for (const range of ranges) {
      range.apply()
      this.#host.had(range)
    }
    this.#isRunning = false
    this.#host.ended()
    if (this.#dirty.size > 0) this.#ask()
  }

  #ask(): void {
    if (this.#isAsked || this.#isRunning) return
    this.#isAsked = true
    this.#host.soon(() => {
      this.#isAsked = false
      this.run()
    })
  }
}
