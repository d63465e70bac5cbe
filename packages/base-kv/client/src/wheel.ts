/**
 * One coarse timer for everything that waits: deadlines, retries, watchdogs. A timer of the platform for each operation
 * would cost more than the operation; here setting and cancelling are a few pointer writes, and one platform timer runs
 * only while something waits.
 *
 * A hashed wheel: slot = tick modulo the number of slots; an alarm further away than one turn stays in its slot until its
 * tick has come. Alarms ring late by up to two ticks (one of theirs, one of
 * the platform's timer), never early.
 */
import { type Clock, type Timers, assert } from '@base-kv/base'

/** Something that waits in a wheel, in one at most and once at most. */
export abstract class Alarm {
  /** Neighbours in the slot's ring; both undefined while not set. */
  before: Alarm | undefined = undefined
  after: Alarm | undefined = undefined
  /** Invariant: meaningful only while set. */
  tick = 0

  abstract ring(): void
}

class SlotHead extends Alarm {
  override ring(): void {
    assert(false, 'the head of a slot never rings')
  }
}

const slotCount = 512

export interface WheelOptions {
  readonly tickMs: number
}

export interface WheelDeps {
  readonly clock: Clock
  readonly timers: Timers
}

export class Wheel {
  readonly #tickMs: number
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #slots: Alarm[]
  /** Alarms that are set. */
  #count = 0
  /** Invariant: every alarm with a tick up to this one has rung, while a timer runs. */
  #doneTick = 0
  #stopTimer: (() => void) | undefined

  constructor(options: WheelOptions, deps: WheelDeps) {
    this.#tickMs = options.tickMs
    this.#clock = deps.clock
    this.#timers = deps.timers
    this.#slots = Array.from({ length: slotCount }, () => {
      const head = new SlotHead()
      head.before = head
      head.after = head
      return head
    })
  }

  get size(): number {
    return this.#count
  }

  /** Rings `alarm` once, `delayMs` from now or up to a tick later. */
  set(alarm: Alarm, delayMs: number): void {
    assert(alarm.after === undefined, 'an alarm is set once at a time')
    const nowMs = this.#clock.monotonicMs()
    if (this.#stopTimer === undefined) {
      this.#doneTick = Math.floor(nowMs / this.#tickMs)
      this.#arm()
    }
    const tick = Math.max(Math.ceil((nowMs + delayMs) / this.#tickMs), this.#doneTick + 1)
    const head = this.#slots[tick % slotCount] as Alarm
    const last = head.before as Alarm
    alarm.tick = tick
    alarm.before = last
    alarm.after = head
    last.after = alarm
    head.before = alarm
    this.#count++
  }

  /** Does nothing when the alarm is not set. */
  cancel(alarm: Alarm): void {
    if (alarm.after === undefined) return
    const { before, after } = alarm
    ;(before as Alarm).after = after
    after.before = before
    alarm.before = undefined
    alarm.after = undefined
    this.#count--
  }

  /** Resolves `delayMs` from now. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.set(new CallAlarm(resolve), delayMs))
  }

  /** Cancels everything. @returns what was set */
  stop(): Alarm[] {
    this.#disarm()
    const alarms: Alarm[] = []
    for (const head of this.#slots) {
      for (let alarm = head.after as Alarm; alarm !== head; alarm = head.after as Alarm) {
        this.cancel(alarm)
        alarms.push(alarm)
      }
    }
    return alarms
  }

  #arm(): void {
    this.#stopTimer = this.#timers.after(this.#tickMs, () => this.#turn())
  }

  #disarm(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #turn(): void {
    this.#stopTimer = undefined
    const nowTick = Math.floor(this.#clock.monotonicMs() / this.#tickMs)
    // After a long pause one turn over all slots rings everything that is due.
    const first = Math.max(this.#doneTick + 1, nowTick - slotCount + 1)
    this.#doneTick = Math.max(nowTick, this.#doneTick)
    // Armed before ringing: an alarm that rings may set others, and must not arm a second timer.
    this.#arm()
    for (let tick = first; tick <= nowTick; tick++) this.#ringSlot(this.#slots[tick % slotCount] as Alarm, nowTick)
    if (this.#count === 0) this.#disarm()
  }

  #ringSlot(head: Alarm, nowTick: number): void {
    const due: Alarm[] = []
    for (let alarm = head.after as Alarm; alarm !== head; alarm = alarm.after as Alarm) {
      if (alarm.tick <= nowTick) due.push(alarm)
    }
    for (const alarm of due) {
      // One that rang before it may have cancelled it, or set it again for later.
      if (alarm.after === undefined || alarm.tick > nowTick) continue
      this.cancel(alarm)
      alarm.ring()
    }
  }
}

/** An alarm that calls a function. */
export class CallAlarm extends Alarm {
  readonly #run: () => void

  constructor(run: () => void) {
    super()
    this.#run = run
  }

  override ring(): void {
    this.#run()
  }
}
