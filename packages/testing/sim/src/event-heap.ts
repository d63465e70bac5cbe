interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Everything that will happen, ordered by (time, order of scheduling): two events of one moment never swap by accident. */
export class EventHeap {
  /** Simulated milliseconds. Never goes back. */
  now = 0
  /** How many events have run. */
  count = 0
  private readonly heap: Event[] = []
  private order = 0

  /** Runs `run` once, `delayMs` from now. There is no cancelling: whoever schedules checks that it still matters. */
  after(delayMs: number, run: () => void): void {
    const event = { at: this.now + delayMs, order: this.order++, run }
    const heap = this.heap
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = heap[up] as Event
      if (before(parent, event)) break
      heap[i] = parent
      i = up
    }
    heap[i] = event
  }

  /** Runs the next event. @returns false when there is none, or none up to `untilMs`. */
  runNext(untilMs: number): boolean {
    const first = this.heap[0]
    if (!first || first.at > untilMs) {
      this.now = Math.max(this.now, untilMs)
      return false
    }
    this.removeFirst()
    this.now = first.at
    this.count++
    first.run()
    return true
  }

  private removeFirst(): void {
    const heap = this.heap
    const last = heap.pop() as Event
    const size = heap.length
    if (size === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1] as Event, heap[child] as Event)) child++
      const lower = heap[child] as Event
      if (before(last, lower)) break
      heap[i] = lower
      i = child
    }
    heap[i] = last
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
