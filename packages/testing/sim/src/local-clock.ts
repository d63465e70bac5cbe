/**
 * One machine's monotonic clock: it runs at its own rate and starts wherever it likes. A change of the rate never makes
 * it go back.
 */
export class LocalClock {
  private readonly world: { readonly now: number }
  private rate: number
  private anchorWorldMs: number
  private anchorLocalMs: number

  constructor(world: { readonly now: number }, rate: number, startMs: number) {
    this.world = world
    this.rate = rate
    this.anchorWorldMs = world.now
    this.anchorLocalMs = startMs
  }

  get nowMs(): number {
    return this.anchorLocalMs + (this.world.now - this.anchorWorldMs) * this.rate
  }

  /** How long the world has to wait for so much time of this clock, at its present rate. */
  worldMsOf(localMs: number): number {
    return localMs / this.rate
  }

  setRate(rate: number): void {
    this.anchorLocalMs = this.nowMs
    this.anchorWorldMs = this.world.now
    this.rate = rate
  }

  /** A new process may see the clock of the machine go on, or one that begins again. */
  restartAt(localMs: number): void {
    this.anchorLocalMs = localMs
    this.anchorWorldMs = this.world.now
  }
}
