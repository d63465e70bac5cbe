import type { Mutant } from './mutant.ts'

/** Known bugs in votes, elections, and who may go on leading (catalogue A and B). */
export const electionsMutants: readonly Mutant[] = [
  {
    id: 'vote-before-persist',
    catalogue: '3, 4',
    bug: 'a vote leaves before it is durable',
    edits: [
      {
        file: 'election.ts',
        find: 'core.sendAfterPersist(core.message(MessageType.voteResponse',
        replace: 'core.send(core.message(MessageType.voteResponse',
      },
    ],
    seed: 1,
  },
  {
    id: 'own-vote-unwritten',
    catalogue: '2, 3',
    bug: 'a candidate counts its own vote before it is durable',
    edits: [
      {
        file: 'election.ts',
        find: "if (core.role !== 'candidate' || !isVoter(core.config, message.from)) return",
        replace:
          "if (core.role !== 'candidate' || !isVoter(core.config, message.from)) return\n  core.votes.set(core.self.store, true)",
      },
      {
        file: 'roles.ts',
        find: 'core.sendAfterPersist(core.message(MessageType.vote, member',
        replace: 'core.send(core.message(MessageType.vote, member',
      },
    ],
    seed: 1,
  },
  {
    id: 'up-to-date-by-index',
    catalogue: '6, 7',
    bug: 'a longer log wins an election whatever its last term',
    edits: [
      {
        file: 'election.ts',
        find: 'logTerm > lastTerm || (logTerm === lastTerm && index >= last)',
        replace: 'index >= last',
      },
    ],
    seed: 47,
  },
  {
    id: 'up-to-date-or',
    catalogue: '6',
    bug: 'the log check compares term OR index',
    edits: [
      {
        file: 'election.ts',
        find: 'logTerm > lastTerm || (logTerm === lastTerm && index >= last)',
        replace: 'logTerm > lastTerm || index >= last',
      },
    ],
    seed: 247,
  },
  {
    id: 'up-to-date-by-term',
    catalogue: '6',
    bug: 'a log with the same last term wins however short',
    edits: [
      {
        file: 'election.ts',
        find: 'logTerm > lastTerm || (logTerm === lastTerm && index >= last)',
        replace: 'logTerm >= lastTerm',
      },
    ],
    seed: 5,
  },
  {
    id: 'vote-twice',
    catalogue: '5, 10',
    bug: 'a vote already given in the term does not stop another',
    edits: [
      { file: 'election.ts', find: 'return core.vote === null || sameMember(core.vote, from)', replace: 'return true' },
    ],
    seed: 1,
  },
  {
    id: 'vote-forgotten',
    catalogue: '10, 14',
    bug: 'stepping down forgets the vote of the term',
    edits: [{ file: 'roles.ts', find: 'if (term > core.term) {', replace: 'if (term >= core.term) {' }],
    seed: 1,
  },
  {
    id: 'stale-votes',
    catalogue: '14',
    bug: 'grants of an earlier candidacy are counted',
    edits: [
      {
        file: 'step.ts',
        find: 'if (term < core.term) return\n',
        replace: 'if (term < core.term && type !== MessageType.voteResponse) return\n',
      },
    ],
    seed: 2,
  },
  {
    id: 'pre-votes-count',
    catalogue: '18, 20',
    bug: 'pre-votes are still there when votes are counted',
    edits: [
      { file: 'roles.ts', find: '  core.votes.clear()\n  core.campaignCount++', replace: '  core.campaignCount++' },
    ],
    seed: 1,
  },
  {
    id: 'pre-vote-old-term',
    catalogue: '16',
    bug: 'a granted pre-vote carries the older term of the voter',
    edits: [{ file: 'election.ts', find: 'term: grant ? term : core.term', replace: 'term: core.term' }],
    seed: 1,
  },
  {
    id: 'pre-vote-term-ignored',
    catalogue: '19',
    bug: 'the newer term in a refused pre-vote is ignored',
    edits: [
      {
        file: 'election.ts',
        find: '    if (isVoter(core.config, from)) becomeFollower(core, term, null)\n    return',
        replace: '    return',
      },
    ],
    seed: 309,
  },
  {
    id: 'hung-disk-leads',
    catalogue: '27, 28',
    bug: 'a leader whose disk hangs stays in office',
    edits: [{ file: 'raft.ts', find: 'if (core.diskHangs) {', replace: 'if (core.diskHangs && core.asleep) {' }],
    seed: 1,
  },
  {
    id: 'no-check-quorum',
    catalogue: '23, 24',
    bug: 'a leader that nobody answers stays in office',
    edits: [
      {
        file: 'raft.ts',
        find: 'if (nowMs - Math.max(heardMs, leading.watchFromMs) >= core.options.electionTimeoutMs) {',
        replace: 'if (nowMs < 0) {',
      },
    ],
    seed: 5,
  },
  {
    id: 'never-wakes',
    catalogue: '29',
    bug: 'a sleeping follower does not wake when something is wanted',
    edits: [
      { file: 'hibernation.ts', find: '  core.asleep = false\n', replace: '  if (leading) core.asleep = false\n' },
    ],
    seed: 10,
  },
]
