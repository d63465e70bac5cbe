/**
 * How many bytes a log holds, without one number for each entry: the running total is noted at every 64 KiB, so the answer
 * is off by less than that (and by one entry).
 */
const STEP = 64 * 1024

interface Mark {
  readonly index: number
  /** Bytes of all entries up to and with `index`. */
  readonly total: number
}

export class SizeMarks {
  #marks: Mark[] = []
  #total = 0

  add(index: number, bytes: number): void {
    this.#total += bytes
    if (this.#total - (this.#marks.at(-1)?.total ?? 0) >= STEP) this.#marks.push({ index, total: this.#total })
  }

  truncate(from: number): void {
    let cut = false
    for (; (this.#marks.at(-1)?.index ?? -1) >= from; cut = true) this.#marks.pop()
    if (cut) this.#total = this.#marks.at(-1)?.total ?? 0
  }

  compact(upTo: number): void {
    const before = this.#marks.findLastIndex((mark) => mark.index <= upTo)
    if (before > 0) this.#marks.splice(0, before)
  }

  reset(): void {
    this.#marks = []
    this.#total = 0
  }

  /** Bytes of the entries behind `index`. */
  since(index: number): number {
    return this.#total - (this.#marks.findLast((mark) => mark.index <= index)?.total ?? 0)
  }
}
