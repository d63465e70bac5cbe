import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jointValue, jointVoteResult, majorityValue, voteResult } from '@base-kv/raft'

// The models say what a quorum is by trying every subset of voters, not by sorting or counting.

/** The largest value that all members of some majority have reached. */
function modelValue(values: readonly number[]): number {
  if (values.length === 0) return Number.POSITIVE_INFINITY
  let best = Number.NEGATIVE_INFINITY
  for (let set = 0; set < 1 << values.length; set++) {
    const members = values.filter((_, i) => (set >> i) & 1)
    if (2 * members.length > values.length) best = Math.max(best, Math.min(...members))
  }
  return best
}

type Vote = boolean | undefined

const wins = (votes: readonly Vote[]): boolean =>
  votes.length === 0 || 2 * votes.filter((vote) => vote === true).length > votes.length

/** Whether some way of filling in the missing answers wins. */
function canWin(votes: readonly Vote[]): boolean {
  return wins(votes.map((vote) => vote ?? true))
}

function modelVotes(halves: readonly (readonly Vote[])[]): string {
  if (halves.every(wins)) return 'won'
  return halves.every(canWin) ? 'pending' : 'lost'
}

const values = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 9 })
const votes = fc.array(fc.constantFrom<Vote>(true, false, undefined), { maxLength: 9 })

describe('quorum arithmetic agrees with a naive model', () => {
  test('what a majority has reached', () => {
    fc.assert(fc.property(values, (list) => majorityValue([...list]) === modelValue(list)))
  })

  test('what both halves have reached', () => {
    fc.assert(
      fc.property(values, values, (a, b) => jointValue([...a], [...b]) === Math.min(modelValue(a), modelValue(b))),
    )
  })

  test('who is elected', () => {
    fc.assert(fc.property(votes, (list) => voteResult(list) === modelVotes([list])))
    fc.assert(fc.property(votes, votes, (a, b) => jointVoteResult(a, b) === modelVotes([a, b])))
  })

  test('more answers never take a result back', () => {
    const step = fc.tuple(fc.nat(8), fc.boolean())
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 12 }), (size, steps) => {
        const list: Vote[] = Array.from({ length: size }, () => undefined)
        let before = voteResult(list)
        for (const [at, vote] of steps) {
          const i = at % size
          list[i] ??= vote
          const now = voteResult(list)
          if (before !== 'pending' && now !== before) return false
          before = now
        }
        return true
      }),
    )
  })

  test('two majorities always share a member', () => {
    fc.assert(
      fc.property(votes, votes, (a, b) => {
        const size = Math.min(a.length, b.length)
        const one = a.slice(0, size).map((vote) => vote === true)
        const other = b.slice(0, size).map((vote) => vote === true)
        if (size === 0 || voteResult(one) !== 'won' || voteResult(other) !== 'won') return true
        return one.some((vote, i) => vote && other[i])
      }),
    )
  })

  test('figures that were once got wrong', () => {
    expect(majorityValue([9, 9, 1, 1])).toBe(1) // four voters, two acks
    expect(majorityValue([9, 5, 1])).toBe(5)
    expect(majorityValue([7, 7, 3, 2, 1])).toBe(3) // five voters, in any order
    expect(majorityValue([1, 7, 2, 7, 3])).toBe(3)
    expect(voteResult([true])).toBe('won')
    expect(voteResult([true, undefined])).toBe('pending')
    expect(voteResult([true, true, undefined, undefined])).toBe('pending')
  })
})
