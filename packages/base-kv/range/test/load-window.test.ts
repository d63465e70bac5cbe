import { describe, expect, test } from '@jest/globals'
import { compareKeys } from '@base-kv/base'
import { HINT_WINDOW_MS } from '@base-kv/landscape'
import { LoadWindow } from '../src/load-window.ts'

/** Reproducible chance: mulberry32. */
function random(seed: number) {
  let state = seed
  return {
    below(bound: number): number {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
    },
  }
}

function meter(seed = 1) {
  const time = { nowMs: 1_000_000 }
  const window = new LoadWindow({ monotonicMs: () => time.nowMs, wallMs: () => 0 }, random(seed))
  return { time, window }
}

const key = (text: string) => Buffer.from(text)
const numbered = (i: number) => key(`k${String(i).padStart(7, '0')}`)

/** One request that writes these; each access takes `accessMs`. */
function request(
  { time, window }: ReturnType<typeof meter>,
  keys: readonly Uint8Array[],
  { bytes = 100, accessMs = 0.01 } = {},
): void {
  const begun = window.beginRequest()
  for (const one of keys) {
    const drawn = window.writes(bytes)
    time.nowMs += accessMs
    if (drawn) window.accessed(one)
  }
  window.endRequest(begun)
}

const nextWindow = ({ time }: ReturnType<typeof meter>) => {
  time.nowMs = (Math.floor(time.nowMs / HINT_WINDOW_MS) + 1) * HINT_WINDOW_MS
}

describe('a window of load', () => {
  test('says what the last whole window held: density, times, counts', () => {
    const one = meter()
    request(one, [numbered(1), numbered(2), numbered(3)])
    request(one, [numbered(4)])
    // Still open.
    expect(one.window.last()).toBeNull()
    nextWindow(one)
    expect(one.window.last()!.load).toEqual({
      ioDensity: 2,
      ioLatencyNanos: 10_000,
      avgLatencyNanos: 20_000,
      reads: 0,
      writes: 4,
      bytes: 400,
      keys: 4,
    })
  })

  test('counts reads, and the pairs of pages', () => {
    const one = meter()
    const begun = one.window.beginRequest()
    if (one.window.reads()) one.window.accessed(key('a'))
    one.window.got(50)
    one.window.paged(key('b'), 70)
    one.window.endRequest(begun)
    nextWindow(one)
    expect(one.window.last()!.load).toMatchObject({ ioDensity: 2, reads: 2, writes: 0, bytes: 120, keys: 2 })
  })

  test('is forgotten after the next one, also when nobody asked meanwhile', () => {
    const one = meter()
    request(one, [key('a'), key('b')])
    nextWindow(one)
    nextWindow(one)
    expect(one.window.last()).toBeNull()
    request(one, [key('a'), key('b')])
    nextWindow(one)
    expect(one.window.last()).not.toBeNull()
    nextWindow(one)
    expect(one.window.last()).toBeNull()
  })

  test('says nothing of keys that were taken away', () => {
    const one = meter()
    request(one, [key('a'), key('b')])
    nextWindow(one)
    one.window.reset()
    expect(one.window.last()).toBeNull()
  })
})

describe('the middle of the load', () => {
  test.each([
    ['even', (chance: number) => Math.floor(chance * 100_000)],
    ['most of it on the first tenth', (chance: number) => Math.floor(chance ** 4 * 100_000)],
  ])('lies where half of the accesses are on each side: %s', (_, place) => {
    for (let seed = 1; seed <= 8; seed++) {
      const one = meter(seed)
      const chance = random(1_000 + seed)
      const keys = Array.from({ length: 30_000 }, () => numbered(place(chance.below(1_000_000) / 1_000_000)))
      for (let i = 0; i < keys.length; i += 300) request(one, keys.slice(i, i + 300), { accessMs: 0.0001 })
      nextWindow(one)
      const middle = one.window.last()!.middle!
      const left = keys.filter((each) => compareKeys(each, middle) < 0).length / keys.length
      // 3.4 standard deviations: one window in 1,500 is further off.
      expect(left).toBeGreaterThan(0.35)
      expect(left).toBeLessThan(0.65)
    }
  })

  test('is the second of two keys, wherever most of the load lies', () => {
    for (const keys of [
      [key('a'), key('b'), key('b'), key('b')],
      [key('a'), key('a'), key('a'), key('b')],
    ]) {
      const one = meter()
      request(one, keys)
      nextWindow(one)
      expect(Buffer.from(one.window.last()!.middle!).toString()).toBe('b')
    }
  })

  test('of one hot key is nowhere: no split spreads it', () => {
    const one = meter()
    for (let i = 0; i < 1_000; i++) request(one, [key('hot')], { accessMs: 0.0001 })
    nextWindow(one)
    expect(one.window.last()!.middle).toBeNull()
    expect(one.window.last()!.load.keys).toBe(1)
  })

  test('is the same again with the same chance', () => {
    const middles = [1, 2].map(() => {
      const one = meter(42)
      for (let i = 0; i < 5_000; i++) request(one, [numbered((i * 7919) % 5_000)], { accessMs: 0.0001 })
      nextWindow(one)
      return Buffer.from(one.window.last()!.middle!).toString()
    })
    expect(middles[0]).toBe(middles[1])
  })

  test('does not keep buffers that the key was a view on, and of a long key only its beginning', () => {
    const one = meter()
    const long = Buffer.alloc(16 * 1024, 'b')
    request(one, [key('a'), long])
    long.fill('x')
    nextWindow(one)
    expect(Buffer.from(one.window.last()!.middle!).toString()).toBe('b'.repeat(1024))
  })
})
