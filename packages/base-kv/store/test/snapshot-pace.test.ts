import { describe, expect, test } from '@jest/globals'
import { defaultSnapshotPace, SnapshotPace, type SnapshotPaceOptions } from '../src/snapshot-pace.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK = 256 * KIB

/** A loop in which snapshots cost what they are said to, and others use a share of what time passes. */
class Loop {
  nowMs = 0
  busyMs = 0
  othersShare = 0
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = []
  readonly pace: SnapshotPace
  readonly #options: SnapshotPaceOptions

  constructor(options: Partial<SnapshotPaceOptions> = {}) {
    this.#options = { ...defaultSnapshotPace, ...options }
    this.pace = new SnapshotPace(this.#options, {
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      timers: {
        after: (delayMs, run) => {
          this.#due.push({ atMs: this.nowMs + delayMs, run })
          return () => {}
        },
      },
      loopBusyMs: () => this.busyMs,
    })
  }

  /** Sends for so long; bytes a second. */
  async send(forMs: number, streams = 1): Promise<number> {
    const endMs = this.nowMs + forMs
    let bytes = 0
    const stream = async () => {
      while (this.nowMs < endMs) {
        await this.pace.take(CHUNK)
        bytes += CHUNK
        const costMs = (CHUNK / MIB) * this.#options.loopMsPerMib
        this.busyMs += costMs
        this.#pass(costMs)
      }
    }
    let sending = streams
    const all = Promise.all(Array.from({ length: streams }, () => stream().finally(() => sending--)))
    while (sending > 0) {
      // Whoever can go on does, before time passes.
      for (let i = 0; i < 10; i++) await Promise.resolve()
      const next = this.#due.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (!next) continue
      this.#due.splice(this.#due.indexOf(next), 1)
      if (next.atMs > this.nowMs) this.#pass(next.atMs - this.nowMs)
      next.run()
    }
    await all
    return (1_000 * bytes) / forMs
  }

  #pass(ms: number): void {
    this.nowMs += ms
    this.busyMs += this.othersShare * ms
  }
}

describe('the pace of snapshots', () => {
  test('alone they have the loop, up to the cap', async () => {
    expect(await new Loop().send(10_000)).toBeGreaterThan(115 * MIB)
    expect(await new Loop({ loopMsPerMib: 1 }).send(10_000)).toBeLessThan(129 * MIB)
    expect(await new Loop({ bytesPerSecondMax: 10 * MIB }).send(10_000)).toBeLessThan(10.5 * MIB)
  })

  test('beside others that use much of it they have a fifth, however many they are', async () => {
    for (const streams of [1, 4]) {
      const loop = new Loop()
      loop.othersShare = 0.7
      const bytesPerSecond = await loop.send(10_000, streams)
      // A fifth of a second at 8 ms a MiB.
      expect(bytesPerSecond).toBeLessThan(26 * MIB)
      expect(bytesPerSecond).toBeGreaterThan(23 * MIB)
    }
  })

  test('beside others that use little they have more, and less as soon as these come back', async () => {
    const loop = new Loop()
    loop.othersShare = 0.2
    const beside = await loop.send(10_000)
    expect(beside).toBeGreaterThan(60 * MIB)
    expect(beside).toBeLessThan(80 * MIB)
    loop.othersShare = 0.8
    expect(await loop.send(10_000)).toBeLessThan(27 * MIB)
    loop.othersShare = 0
    expect(await loop.send(10_000)).toBeGreaterThan(110 * MIB)
  })
})
