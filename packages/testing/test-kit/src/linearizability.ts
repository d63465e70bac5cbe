/**
 * Whether what clients saw of registers (one a key) can be explained by every operation taking effect at one moment
 * between its begin and its end: just-in-time linearization after Wing, Gong and Lowe.
 *
 * Going through begins and ends in the order of time, the checker keeps every state that the register may be in: its value
 * together with which of the open operations have taken effect. An operation's end forces it to have taken effect by then;
 * only to get there others are let take effect before it. When no state is left, there is no explanation.
 *
 * A write whose outcome is unknown stays open for ever, and doubles the states at worst: stop using a key after a few of
 * them (`UNKNOWN_MAX`). A write that certainly was not applied, and a read without an answer, are not part of a history.
 * A page of a scan is one `get` of every key that it covers, within the page's time; a scan is no picture of one moment.
 */

interface Timed {
  readonly key: string
  /** Who asked, for messages. */
  readonly client: string
  readonly beginMs: number
  /** null: the outcome is unknown. */
  readonly endMs: number | null
}

/** null: the key is absent. */
export type RegisterValue = string | null

export interface PutOperation extends Timed {
  readonly kind: 'put'
  readonly value: string
}

export interface DeleteOperation extends Timed {
  readonly kind: 'delete'
}

export interface GetOperation extends Timed {
  readonly kind: 'get'
  readonly found: RegisterValue
  readonly endMs: number
}

export interface CompareAndSetOperation extends Timed {
  readonly kind: 'compareAndSet'
  readonly expect: RegisterValue
  readonly value: string
  /** null: unknown. */
  readonly succeeded: boolean | null
  /** What was there when it did not succeed; left out when that was not told. */
  readonly found?: RegisterValue
}

export type RegisterOperation = PutOperation | DeleteOperation | GetOperation | CompareAndSetOperation

/** A key should be used no more after so many unknown outcomes. */
export const UNKNOWN_MAX = 3

export interface LinearizabilityReport {
  readonly operations: number
  readonly keys: number
  /** What cannot be explained, a line a key; empty when all is well. */
  readonly flaws: readonly string[]
  /** Keys with too much going on at once to be decided. */
  readonly undecided: readonly string[]
}

/** Every register begins absent. Operations in any order; each key is looked at on its own. */
export function checkLinearizability(operations: Iterable<RegisterOperation>): LinearizabilityReport {
  const byKey = new Map<string, RegisterOperation[]>()
  let count = 0
  for (const operation of operations) {
    count++
    const list = byKey.get(operation.key)
    if (list) list.push(operation)
    else byKey.set(operation.key, [operation])
  }
  const flaws: string[] = []
  const undecided: string[] = []
  for (const [key, list] of byKey) {
    const verdict = new RegisterSearch(list).run()
    if (verdict === 'undecided') undecided.push(key)
    else if (verdict !== null) flaws.push(`key ${JSON.stringify(key)}: ${verdict}`)
  }
  return { operations: count, keys: byKey.size, flaws, undecided }
}

/** Operations open at once that fit into a state's number, and states kept at most. */
const OPEN_MAX = 24
const STATES_MAX = 200_000

interface Moment {
  readonly atMs: number
  readonly isEnd: boolean
  readonly operation: RegisterOperation
}

/** A state is one number: the value's place in `#values`, then a bit for each open operation that has taken effect. */
class RegisterSearch {
  readonly #moments: readonly Moment[]
  readonly #values: RegisterValue[] = [null]
  readonly #placeOf = new Map<RegisterValue, number>([[null, 0]])
  readonly #open: (RegisterOperation | null)[] = []
  readonly #slotOf = new Map<RegisterOperation, number>()
  #states = new Set<number>([0])

  constructor(operations: readonly RegisterOperation[]) {
    const moments: Moment[] = []
    for (const operation of operations) {
      moments.push({ atMs: operation.beginMs, isEnd: false, operation })
      if (operation.endMs !== null) moments.push({ atMs: operation.endMs, isEnd: true, operation })
    }
    // What ends in the moment in which another begins overlaps it.
    this.#moments = moments.sort((a, b) => a.atMs - b.atMs || Number(a.isEnd) - Number(b.isEnd))
  }

  /** null: explained. */
  run(): string | null {
    for (const { isEnd, operation } of this.#moments) {
      if (!isEnd) {
        if (!this.#begin(operation)) return 'undecided'
        continue
      }
      const before = this.#states
      const after = this.#end(operation)
      if (after === null) return 'undecided'
      if (after.size === 0) return this.#explain(operation, before)
      this.#states = after
    }
    return null
  }

  #begin(operation: RegisterOperation): boolean {
    const free = this.#open.indexOf(null)
    const slot = free < 0 ? this.#open.length : free
    if (slot >= OPEN_MAX) return false
    this.#open[slot] = operation
    this.#slotOf.set(operation, slot)
    return true
  }

  /** The states in which `operation` has taken effect; null when there are too many. */
  #end(operation: RegisterOperation): Set<number> | null {
    const slot = this.#slotOf.get(operation) as number
    const after = new Set<number>()
    const seen = new Set<number>()
    const stack = [...this.#states]
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (hasBit(state, slot)) {
        after.add(state - 2 ** slot)
        continue
      }
      if (seen.has(state)) continue
      seen.add(state)
      if (seen.size > STATES_MAX) return null
      for (const [other, open] of this.#open.entries()) {
        if (open === null || hasBit(state, other)) continue
        const next = this.#takeEffect(open, other, state)
        if (next !== null) stack.push(next)
      }
    }
    this.#open[slot] = null
    this.#slotOf.delete(operation)
    return after
  }

  /** The state behind it, or null when it cannot take effect, or not to any purpose. */
  #takeEffect(operation: RegisterOperation, slot: number, state: number): number | null {
    const mask = state % MASK
    const value = this.#values[(state - mask) / MASK] as RegisterValue
    const to = (next: RegisterValue): number => this.#place(next) * MASK + mask + 2 ** slot
    switch (operation.kind) {
      case 'put':
        return to(operation.value)
      case 'delete':
        return to(null)
      case 'get':
        return value === operation.found ? to(value) : null
      case 'compareAndSet': {
        const matches = value === operation.expect
        if (operation.succeeded === null) return matches ? to(operation.value) : null
        if (operation.succeeded !== matches) return null
        if (matches) return to(operation.value)
        return operation.found === undefined || operation.found === value ? to(value) : null
      }
    }
  }

  #place(value: RegisterValue): number {
    let place = this.#placeOf.get(value)
    if (place === undefined) {
      place = this.#values.length
      this.#values.push(value)
      this.#placeOf.set(value, place)
    }
    return place
  }

  #explain(operation: RegisterOperation, before: ReadonlySet<number>): string {
    const values = new Set([...before].map((state) => this.#values[Math.floor(state / MASK)] as RegisterValue))
    const open = [...this.#slotOf.keys()].filter((other) => other !== operation)
    const around = open.length === 0 ? 'nothing else open' : `open: ${open.slice(0, 12).map(words).join('; ')}`
    return `${words(operation)} cannot be explained; it held ${[...values].slice(0, 8).map(show).join(' or ')} before, ${around}`
  }
}

const MASK = 2 ** OPEN_MAX
const hasBit = (state: number, slot: number): boolean => Math.floor(state / 2 ** slot) % 2 === 1
const show = (value: RegisterValue): string => (value === null ? 'nothing' : JSON.stringify(value))

function words(operation: RegisterOperation): string {
  const { client, beginMs, endMs } = operation
  const time = `${client} ${beginMs.toFixed(3)}..${endMs === null ? 'unknown' : endMs.toFixed(3)}`
  switch (operation.kind) {
    case 'put':
      return `${time} put ${show(operation.value)}`
    case 'delete':
      return `${time} delete`
    case 'get':
      return `${time} get = ${show(operation.found)}`
    case 'compareAndSet': {
      const { expect, value, succeeded, found } = operation
      const result =
        succeeded === null
          ? 'unknown'
          : succeeded
            ? 'done'
            : `not done${found === undefined ? '' : `, found ${show(found)}`}`
      return `${time} compare ${show(expect)} and set ${show(value)} = ${result}`
    }
  }
}
