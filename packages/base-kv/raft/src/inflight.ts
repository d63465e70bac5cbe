/** The window of appends on their way to one follower: their last indexes and sizes, oldest first, in a ring. */
export class Inflight {
  private readonly countMax: number
  private readonly bytesMax: number
  private readonly lasts: number[] = []
  private readonly sizes: number[] = []
  private head = 0
  private bytes = 0
  /** Invariant: count <= countMax; `bytes` is the sum of the sizes in the window. */
  count = 0

  constructor(countMax: number, bytesMax: number) {
    this.countMax = countMax
    this.bytesMax = bytesMax
  }

  /** One append goes however large, so a window with nothing in it is never full. */
  get full(): boolean {
    return this.count >= this.countMax || (this.count > 0 && this.bytes >= this.bytesMax)
  }

  add(last: number, bytes: number): void {
    const slot = (this.head + this.count) % this.countMax
    this.lasts[slot] = last
    this.sizes[slot] = bytes
    this.bytes += bytes
    this.count++
  }

  /** Answered up to and including `index`. */
  free(index: number): void {
    while (this.count > 0 && (this.lasts[this.head] as number) <= index) {
      this.bytes -= this.sizes[this.head] as number
      this.head = (this.head + 1) % this.countMax
      this.count--
    }
  }

  clear(): void {
    this.count = 0
    this.bytes = 0
  }
}
