import { describe, expect, test } from '@jest/globals'
import { storeId } from '@base-kv/base'
import type { Range } from '@base-kv/range'
import { ElectionTurns } from '../src/election-turns.ts'

const stores = [1, 2, 3].map((n) => storeId(`00000000-0000-4000-8000-00000000000${n}`))

interface Lonely {
  readonly id: string
  readonly members: readonly { readonly store: string }[]
  isElectionDue: boolean
  allowed: number
  tick(mayCampaign?: boolean): void
}

function lonely(count: number): Lonely[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `1_${100_000 + i}`,
    members: stores.map((store) => ({ store })),
    isElectionDue: true,
    allowed: 0,
    tick(mayCampaign = true) {
      if (this.isElectionDue && mayCampaign) this.allowed++
    },
  }))
}

function round(turns: ElectionTurns, ranges: readonly Lonely[]): number {
  const before = ranges.reduce((sum, { allowed }) => sum + allowed, 0)
  for (const range of ranges) turns.tick(range as unknown as Range)
  turns.endRound()
  return ranges.reduce((sum, { allowed }) => sum + allowed, 0) - before
}

describe('turns of elections', () => {
  test('few ranges are never held back', () => {
    const turns = new ElectionTurns(stores[0]!)
    const ranges = lonely(30)
    for (let i = 1; i <= 5; i++) expect(round(turns, ranges)).toBe(30)
  })

  test('of thousands only some may campaign in one round, and each has its turn again and again', () => {
    const turns = new ElectionTurns(stores[0]!)
    const ranges = lonely(9_000)
    round(turns, ranges)
    for (const range of ranges) range.allowed = 0
    for (let i = 0; i < 300; i++) expect(round(turns, ranges)).toBe(96)
    for (const { allowed } of ranges) expect(allowed).toBeGreaterThan(0)
  })

  test('a rush does not begin all at once either', () => {
    expect(round(new ElectionTurns(stores[0]!), lonely(5_000))).toBe(96)
  })

  test('those that need none any more make room', () => {
    const turns = new ElectionTurns(stores[0]!)
    const ranges = lonely(1_000)
    round(turns, ranges)
    for (const range of ranges.slice(30)) range.isElectionDue = false
    round(turns, ranges)
    expect(round(turns, ranges)).toBe(30)
  })

  test('three stores share the ranges: each has most turns for others than the other two', () => {
    const ranges = lonely(3_000)
    const owners = ranges.map(() => [0, 0, 0])
    for (const [at, store] of stores.entries()) {
      const turns = new ElectionTurns(store)
      round(turns, ranges)
      for (const range of ranges) range.allowed = 0
      for (let i = 0; i < 100; i++) round(turns, ranges)
      for (const [i, { allowed }] of ranges.entries()) (owners[i] as number[])[at] = allowed
    }
    for (const counts of owners) {
      const [most, next] = [...counts].sort((a, b) => b - a) as [number, number]
      expect(most).toBeGreaterThan(next)
    }
  })
})
