import type { Mutant } from './mutant.ts'

/** Known bugs in linearizable reads and leases (catalogue C and E). */
export const readsMutants: readonly Mutant[] = [
  {
    id: 'read-before-own-commit',
    catalogue: '32',
    bug: 'a new leader reads before it has committed an entry of its term',
    edits: [
      {
        file: 'reads.ts',
        find: '  if (!termCommitted(core, leading)) return\n  for (const request',
        replace: '  for (const request',
      },
    ],
    seed: 6,
  },
  {
    id: 'round-reused',
    catalogue: '34',
    bug: 'read rounds share a number, so old answers confirm new reads',
    edits: [
      { file: 'replication.ts', find: 'core.roundCount++', replace: 'core.roundCount = Math.max(1, core.roundCount)' },
    ],
    seed: 26,
  },
  {
    id: 'read-quorum-one-less',
    catalogue: '40',
    bug: 'a read is confirmed by a majority less one',
    edits: [
      {
        file: 'reads.ts',
        find: 'return jointValue(rounds(leading.voters), rounds(leading.nextVoters))',
        replace:
          'return rounds(leading.voters).sort((a, b) => b - a)[Math.max(0, (leading.voters.length >> 1) - 1)] as number',
      },
    ],
    seed: 5,
  },
  {
    id: 'read-without-round',
    catalogue: '37, 41',
    bug: 'a read is served without asking anybody',
    edits: [
      { file: 'reads.ts', find: 'if (read.round > answered) break', replace: 'if (read.round > leading.round) break' },
    ],
    seed: 22,
  },
  {
    id: 'lease-from-receipt',
    catalogue: '36, 43',
    bug: 'a lease counts from the arrival of the answer',
    edits: [
      {
        file: 'reads.ts',
        find: 'sentMs = sent.sentMs\n',
        replace: 'sentMs = Math.max(...leading.voters.map((peer) => peer.answeredMs))\n',
      },
    ],
    seed: 398,
  },
  {
    id: 'lease-by-timer',
    catalogue: '43',
    bug: 'a lease ends by the last tick, not by the clock',
    edits: [
      {
        file: 'reads.ts',
        find: 'nowMs >= sentMs + options.leaseShare',
        replace: 'core.lastTickMs >= sentMs + options.leaseShare',
      },
    ],
    seed: 5,
  },
  {
    id: 'restart-inside-lease',
    catalogue: '36',
    bug: 'a restarted voter votes inside a lease that it confirmed',
    edits: [
      {
        file: 'core.ts',
        find: 'this.quietUntilMs = nowMs + this.options.electionTimeoutMs',
        replace: 'this.quietUntilMs = nowMs',
      },
    ],
    seed: 67,
  },
  {
    id: 'lease-during-transfer',
    catalogue: '35, 69',
    bug: 'a lease goes on while leadership is handed over',
    edits: [{ file: 'reads.ts', find: ' || leading.transfer !== null || leading.leaseBarred', replace: '' }],
    seed: 26,
  },
  {
    id: 'leader-unheard',
    catalogue: '26, 36',
    bug: 'a follower that hears its leader votes for others all the same',
    edits: [{ file: 'step.ts', find: '  core.heardLeaderMs = core.nowMs\n', replace: '' }],
    seed: 78,
  },
]
