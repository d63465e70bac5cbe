/**
 * Quorum arithmetic. A joint configuration decides when both halves do; an absent half (no voters) agrees with
 * everything, so a simple configuration is a joint one with an empty second half. Never shortened: that both halves must
 * agree is what makes replacing all voters in one step safe.
 */

export type VoteResult = 'won' | 'lost' | 'pending'

export const majorityOf = (voters: number): number => Math.floor(voters / 2) + 1

/** The largest value that a majority of `values` has reached; +Infinity for none. Sorts `values` in place. */
export function majorityValue(values: number[]): number {
  if (values.length === 0) return Number.POSITIVE_INFINITY
  // Insertion sort: at most a handful of voters, and no comparator call.
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number
    let j = i - 1
    for (; j >= 0 && (values[j] as number) < value; j--) values[j + 1] = values[j] as number
    values[j + 1] = value
  }
  return values[majorityOf(values.length) - 1] as number
}

/** What both halves have reached. */
export function jointValue(values: number[], nextValues: number[]): number {
  return Math.min(majorityValue(values), majorityValue(nextValues))
}

/** One half: true is a grant, false a refusal, undefined no answer yet. */
export function voteResult(votes: readonly (boolean | undefined)[]): VoteResult {
  const needed = votes.length === 0 ? 0 : majorityOf(votes.length)
  let granted = 0
  let refused = 0
  for (const vote of votes) {
    if (vote === true) granted++
    else if (vote === false) refused++
  }
  if (granted >= needed) return 'won'
  return votes.length - refused < needed ? 'lost' : 'pending'
}

export function jointVoteResult(
  votes: readonly (boolean | undefined)[],
  nextVotes: readonly (boolean | undefined)[],
): VoteResult {
  const a = voteResult(votes)
  const b = voteResult(nextVotes)
  if (a === 'lost' || b === 'lost') return 'lost'
  return a === 'won' && b === 'won' ? 'won' : 'pending'
}
