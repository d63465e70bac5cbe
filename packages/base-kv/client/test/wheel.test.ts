import { describe, expect, test } from '@jest/globals'
import { CallAlarm, Wheel } from '../src/wheel.ts'

/** A clock that stands until it is told, and timers on it. */
function handDriven(): { wheel: Wheel; pass: (ms: number) => void; timers: () => number; nowMs: () => number } {
  let nowMs = 1000
  let timers: { atMs: number; run: () => void }[] = []
  const wheel = new Wheel(
    { tickMs: 5 },
    {
      clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
      timers: {
        after(delayMs, run) {
          const timer = { atMs: nowMs + delayMs, run }
          timers.push(timer)
          return () => (timers = timers.filter((other) => other !== timer))
        },
      },
    },
  )
  const pass = (ms: number): void => {
    const untilMs = nowMs + ms
    for (;;) {
      const [next] = timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      nowMs = Math.max(nowMs, next.atMs)
      timers = timers.filter((other) => other !== next)
      next.run()
    }
    nowMs = untilMs
  }
  return { wheel, pass, timers: () => timers.length, nowMs: () => nowMs }
}

describe('the wheel', () => {
  test('rings each alarm once, never early, at most two ticks late, also beyond one turn', () => {
    const { wheel, pass, timers, nowMs } = handDriven()
    const rung: { delay: number; late: number }[] = []
    const delays = [0, 1, 5, 12, 999, 2560, 2561, 5000, 60_000]
    const startMs = nowMs()
    for (const delay of delays) {
      wheel.set(new CallAlarm(() => rung.push({ delay, late: nowMs() - startMs - delay })), delay)
    }
    pass(61_000)
    expect(rung.map(({ delay }) => delay)).toEqual(delays)
    for (const { late } of rung) {
      expect(late).toBeGreaterThanOrEqual(0)
      // A tick for the alarm, one for the platform's timer.
      expect(late).toBeLessThanOrEqual(10)
    }
    expect(wheel.size).toBe(0)
    pass(10)
    expect(timers()).toBe(0)
  })

  test('a cancelled alarm does not ring, and can be set again', () => {
    const { wheel, pass } = handDriven()
    let rung = 0
    const alarm = new CallAlarm(() => rung++)
    wheel.set(alarm, 20)
    wheel.cancel(alarm)
    wheel.cancel(alarm)
    pass(100)
    expect(rung).toBe(0)
    wheel.set(alarm, 20)
    pass(100)
    expect(rung).toBe(1)
  })

  test('an alarm may set and cancel others while it rings', () => {
    const { wheel, pass } = handDriven()
    const rung: string[] = []
    const victim = new CallAlarm(() => rung.push('victim'))
    wheel.set(
      new CallAlarm(() => {
        wheel.cancel(victim)
        wheel.set(new CallAlarm(() => rung.push('next')), 0)
      }),
      10,
    )
    wheel.set(victim, 10)
    pass(100)
    expect(rung).toEqual(['next'])
  })

  test('after a long pause everything due rings', () => {
    const { wheel, pass } = handDriven()
    let rung = 0
    for (let i = 0; i < 1000; i++) wheel.set(new CallAlarm(() => rung++), i * 7)
    pass(1)
    const waiting = wheel.stop()
    expect(waiting).toHaveLength(1000)
    for (const alarm of waiting) wheel.set(alarm, 3)
    pass(3_600_000)
    expect(rung).toBe(1000)
  })
})
