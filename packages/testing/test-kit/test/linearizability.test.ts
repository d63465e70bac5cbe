import { describe, expect, test } from '@jest/globals'
import { checkLinearizability, type GetOperation, type RegisterOperation, type RegisterValue } from '../src/index.ts'

/** The same numbers for the same seed. */
function chance(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

type Draft = { -readonly [Name in keyof RegisterOperation]: RegisterOperation[Name] } & Record<string, unknown>

/** A history that a correct register may give: every operation takes effect at a moment between its begin and its end. */
function honest(options: { seed: number; operations: number; keys: number; clients: number }): RegisterOperation[] {
  const below = chance(options.seed)
  const free = Array.from({ length: options.clients }, () => 0)
  const unknown = new Map<string, number>()
  const drafts: { readonly pointMs: number; readonly draft: Draft }[] = []
  for (let i = 0; i < options.operations; i++) {
    const client = below(options.clients)
    const beginMs = (free[client] as number) + below(10)
    const pointMs = beginMs + below(20)
    const endMs = pointMs + below(20)
    free[client] = endMs + 1
    const key = `k${below(options.keys)}`
    const kind = (['put', 'get', 'get', 'delete', 'compareAndSet', 'compareAndSet'] as const)[below(6)]
    const isUnknown = kind !== 'get' && (unknown.get(key) ?? 0) < 3 && below(30) === 0
    if (isUnknown) unknown.set(key, (unknown.get(key) ?? 0) + 1)
    const draft = { key, client: `c${client}`, kind, beginMs, endMs: isUnknown ? null : endMs, value: `v${i}` } as Draft
    // Of those without an answer half never take effect, the others long after.
    const happensMs = !isUnknown ? pointMs : below(2) === 0 ? Infinity : pointMs + below(500)
    drafts.push({ pointMs: happensMs, draft })
  }
  const registers = new Map<string, RegisterValue>()
  const newest = new Map<string, RegisterValue>()
  for (const { draft } of drafts.toSorted((a, b) => a.pointMs - b.pointMs)) {
    const held = registers.get(draft.key) ?? null
    if (draft.kind === 'put') registers.set(draft.key, draft.value as string)
    if (draft.kind === 'delete') registers.set(draft.key, null)
    if (draft.kind === 'get') draft.found = held
    if (draft.kind === 'compareAndSet') {
      // Right half of the time.
      draft.expect = below(2) === 0 ? held : (newest.get(draft.key) ?? null)
      const matches = draft.expect === held
      draft.succeeded = draft.endMs === null ? null : matches
      if (!matches && draft.endMs !== null) draft.found = held
      if (matches) registers.set(draft.key, draft.value as string)
    }
    newest.set(draft.key, held)
  }
  return drafts.map(({ draft }) => draft as RegisterOperation)
}

const base = { key: 'k', client: 'a' }
const put = (value: string, beginMs: number, endMs: number | null): RegisterOperation => ({
  ...base,
  kind: 'put',
  value,
  beginMs,
  endMs,
})
const get = (found: RegisterValue, beginMs: number, endMs: number): RegisterOperation => ({
  ...base,
  kind: 'get',
  found,
  beginMs,
  endMs,
})
const remove = (beginMs: number, endMs: number | null): RegisterOperation => ({
  ...base,
  kind: 'delete',
  beginMs,
  endMs,
})
const cas = (
  expected: RegisterValue,
  value: string,
  succeeded: boolean | null,
  [beginMs, endMs]: [number, number | null],
): RegisterOperation => ({
  ...base,
  kind: 'compareAndSet',
  expect: expected,
  value,
  succeeded,
  beginMs,
  endMs,
})

describe('histories that a register gives', () => {
  test.each<[string, RegisterOperation[]]>([
    ['nothing was written', [get(null, 0, 1)]],
    ['one after the other', [put('a', 0, 1), get('a', 2, 3), remove(4, 5), get(null, 6, 7)]],
    [
      'a read during a write sees the old value, or the new one',
      [put('a', 0, 1), put('b', 2, 9), get('a', 3, 4), get('b', 5, 6)],
    ],
    ['a write without an answer shows late', [put('a', 0, null), get(null, 5, 6), get('a', 7, 8)]],
    ['a write without an answer never shows', [put('a', 0, null), get(null, 5, 6), get(null, 7, 8)]],
    [
      'a write without an answer comes behind another one',
      [put('a', 0, null), put('b', 1, 2), get('b', 3, 4), get('a', 5, 6)],
    ],
    [
      'compare and set',
      [cas(null, 'a', true, [0, 1]), cas('b', 'c', false, [2, 3]), cas('a', 'b', true, [4, 5]), get('b', 6, 7)],
    ],
    ['compare and set without an answer', [put('a', 0, 1), cas('a', 'b', null, [2, null]), get('b', 5, 6)]],
    ['the end of one is the begin of the other', [put('a', 0, 5), get(null, 5, 6)]],
  ])('%s', (_, operations) => {
    expect(checkLinearizability(operations).flaws).toEqual([])
  })

  test('drawn at random, with many clients', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const report = checkLinearizability(honest({ seed, operations: 400, keys: 1 + (seed % 5), clients: 8 }))
      expect([seed, report.flaws, report.undecided]).toEqual([seed, [], []])
    }
  })
})

describe('histories that no register gives', () => {
  test.each<[string, RegisterOperation[]]>([
    ['a value that nobody wrote', [put('a', 0, 1), get('x', 2, 3)]],
    ['a value that was overwritten before', [put('a', 0, 1), put('b', 2, 3), get('a', 4, 5)]],
    ['a read back in time', [put('a', 0, 1), put('b', 2, 20), get('b', 3, 4), get('a', 5, 6)]],
    ['an acknowledged write that is lost', [put('a', 0, 1), get(null, 2, 3)]],
    ['a delete that comes back', [put('a', 0, 1), remove(2, 3), get('a', 4, 5)]],
    ['a write that is seen before it began', [get('a', 0, 1), put('a', 2, 3)]],
    [
      'a write that is applied twice',
      [put('a', 0, 30), put('b', 1, 2), get('a', 3, 4), put('c', 5, 6), get('c', 7, 8), get('a', 9, 10)],
    ],
    [
      'a write without an answer that is applied twice',
      [put('a', 0, null), get('a', 1, 2), put('b', 3, 4), get('b', 5, 6), get('a', 7, 8)],
    ],
    ['two compare and sets from one value', [cas(null, 'a', true, [0, 9]), cas(null, 'b', true, [0, 9])]],
    ['a compare and set that should have been done', [put('a', 0, 1), cas('a', 'b', false, [2, 3])]],
    ['a compare and set that failed and was done', [put('a', 0, 1), cas('x', 'b', false, [2, 3]), get('b', 4, 5)]],
  ])('%s', (_, operations) => {
    const { flaws } = checkLinearizability(operations)
    expect(flaws).toHaveLength(1)
    expect(flaws[0]).toMatch(/^key "k": .* cannot be explained/)
  })

  test('one read of an honest history is changed to a value that was never written', () => {
    let changed = 0
    for (let seed = 1; seed <= 40; seed++) {
      const operations = honest({ seed, operations: 200, keys: 3, clients: 6 })
      const reads = operations.filter((one) => one.kind === 'get')
      const read = reads[seed % reads.length] as GetOperation
      const bad = operations.map((one) => (one === read ? { ...read, found: 'never written' } : one))
      expect(checkLinearizability(bad).flaws).toHaveLength(1)
      changed++
    }
    expect(changed).toBe(40)
  })

  test('one read of an honest history is changed to a value that was overwritten before the read began', () => {
    let changed = 0
    for (let seed = 1; seed <= 40; seed++) {
      const operations = honest({ seed, operations: 200, keys: 3, clients: 6 })
      for (const read of operations) {
        if (read.kind !== 'get') continue
        const stale = overwrittenBefore(operations, read)
        if (stale === undefined) continue
        const bad = operations.map((one) => (one === read ? { ...read, found: stale } : one))
        expect([seed, checkLinearizability(bad).flaws.length]).toEqual([seed, 1])
        changed++
        break
      }
    }
    expect(changed).toBeGreaterThan(20)
  })
})

/** A value of an answered put that ended before another answered put of the key began, which ended before the read. */
function overwrittenBefore(operations: readonly RegisterOperation[], read: GetOperation): RegisterValue | undefined {
  const puts = operations.filter((one) => one.kind === 'put' && one.key === read.key && one.endMs !== null)
  const last = puts.filter((one) => (one.endMs as number) < read.beginMs).at(-1)
  const old = last && puts.find((one) => (one.endMs as number) < last.beginMs)
  return old?.kind === 'put' ? old.value : undefined
}

test('100,000 operations over 1,000 keys are checked in 10 seconds', () => {
  const operations = honest({ seed: 7, operations: 100_000, keys: 1_000, clients: 500 })
  const begun = performance.now()
  const report = checkLinearizability(operations)
  const tookMs = performance.now() - begun
  expect(report).toMatchObject({ operations: 100_000, keys: 1_000, flaws: [], undecided: [] })
  expect(tookMs).toBeLessThan(10_000)
  console.info(`100,000 operations over 1,000 keys: ${Math.round(tookMs)} ms`)
})
