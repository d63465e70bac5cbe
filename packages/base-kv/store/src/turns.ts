/**
 * Who gets a turn when. A range is `dirty` while it wants one. Turns run soon after the event that asked (one batch for
 * all events of one poll of the event loop), at once for peers' messages, and just before the log cuts a batch, so that
 * everything which arrived while the disk was busy rides in it.
 */
import type { Range } from '@base-kv/range'

export interface TurnsHost {
  /** Runs after the events of this poll of the event loop. */
  soon(run: () => void): void
  /** No log sync is in flight. */
  isDiskFree(): boolean
  /** A range had its turn. */
  had(range: Range): void
  /** All had theirs: what they want to say may go out. */
  ended(): void
}

export class Turns {
  readonly #host: TurnsHost
  #dirty = new Set<Range>()
  // Those with commands or reads that wait for the disk to be free.
  readonly #withWork = new Set<Range>()
  #isAsked = false
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

  /** With the next batch, soon. */
  schedule(range: Range): void {
    this.#dirty.add(range)
    this.#ask()
  }

  forget(range: Range): void {
    this.#dirty.delete(range)
    this.#withWork.delete(range)
  }

  /** No range gets a turn any more. */
  stop(): void {
    this.#isStopped = true
  }

  run(): void {
    if (this.#isStopped || this.#isRunning) return
    const diskFree = this.#host.isDiskFree()
    const ranges = this.#dirty
    this.#dirty = new Set()
    this.#give(ranges, diskFree)
    this.#host.ended()
    // What became dirty during the turns runs after the events that wait meanwhile.
    if (this.#dirty.size > 0) this.#ask()
  }

  /** The disk is free and the next batch is about to be cut. */
  beforeFlush(): void {
    if (this.#isStopped || this.#isRunning) return
    const ranges = new Set([...this.#withWork, ...this.#dirty].filter((range) => range.hasWork))
    this.#give(ranges, true)
    if (ranges.size > 0) this.#host.ended()
    if (this.#dirty.size > 0) this.#ask()
  }

  #give(ranges: ReadonlySet<Range>, diskFree: boolean): void {
    this.#isRunning = true
    for (const range of ranges) {
      range.turn(diskFree)
      if (range.hasWork) this.#withWork.add(range)
      else this.#withWork.delete(range)
      this.#host.had(range)
    }
    this.#isRunning = false
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
