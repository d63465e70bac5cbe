/** A known bug: a rewrite of one or two places in the sources of the Raft core. */
export interface Mutant {
  readonly id: string
  /** Numbers in the catalogue of Raft bugs of real systems, or neighbours of them. */
  readonly catalogue: string
  /** What the bug does, in a few words. */
  readonly bug: string
  readonly edits: readonly Edit[]
  /** The first seed, from 1, that catches it. */
  readonly seed: number
}

export interface Edit {
  /** In packages/base-kv/raft/src. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const mutants: readonly Mutant[] = [
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
    id: 'ack-before-persist',
    catalogue: '3, 4',
    bug: 'appended entries are acknowledged before they are durable',
    edits: [
      {
        file: 'follower.ts',
        find: 'core.sendAfterPersist(core.message(MessageType.appendResponse, message.from',
        replace: 'core.send(core.message(MessageType.appendResponse, message.from',
      },
    ],
    seed: 1,
  },
  {
    id: 'leader-counts-unwritten',
    catalogue: '1, 2',
    bug: 'a leader counts its own entries before they are durable',
    edits: [
      {
        file: 'roles.ts',
        find: '  leading.busyMs = core.nowMs\n',
        replace:
          '  leading.busyMs = core.nowMs\n  const own = leading.peers.get(core.self.store)\n  if (own?.self) own.match = index\n',
      },
    ],
    seed: 2,
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
    id: 'commit-old-term',
    catalogue: '8',
    bug: 'entries of older terms are committed by counting replicas',
    edits: [
      {
        file: 'membership.ts',
        find: 'if (held <= core.commit || held < leading.termStart) return',
        replace: 'if (held <= core.commit) return',
      },
    ],
    seed: 1,
  },
  {
    id: 'match-goes-back',
    catalogue: '9, 75',
    bug: 'a stale answer takes a match back',
    edits: [
      { file: 'replication.ts', find: 'peer.match = Math.max(peer.match, index)', replace: 'peer.match = index' },
    ],
    seed: 3,
  },
  {
    id: 'next-behind-match',
    catalogue: '9, 75',
    bug: 'a stale refusal takes next behind the match',
    edits: [
      {
        file: 'replication.ts',
        find: "if (peer.state === 'probe' ? index !== peer.next - 1 : index <= peer.match || index >= peer.next) return",
        replace: '',
      },
      { file: 'progress.ts', find: 'peer.next = Math.max(next, peer.match + 1)', replace: 'peer.next = next' },
    ],
    seed: 3,
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
    id: 'truncate-without-conflict',
    catalogue: '12',
    bug: 'a follower drops what lies behind the entries of a shorter, older append',
    edits: [
      {
        file: 'follower.ts',
        find: '  const matched = index + entries.length\n',
        replace:
          '  const matched = index + entries.length\n  if (log.last > matched && matched >= core.commit) {\n    log.truncate(matched + 1)\n    core.disk.truncated(matched + 1)\n  }\n',
      },
    ],
    seed: 3,
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
    id: 'config-at-commit',
    catalogue: '45, 46',
    bug: 'a configuration counts only once it is committed',
    edits: [
      {
        file: 'core.ts',
        find: '    return this.log.config\n',
        replace:
          '    const all = (this.log as unknown as { configs: { index: number; config: Config }[] }).configs\n    return (all.findLast(({ index }) => index <= this.commit) ?? (all[0] as { config: Config })).config\n',
      },
    ],
    seed: 1,
  },
  {
    id: 'change-before-own-commit',
    catalogue: '44',
    bug: 'members change before an entry of the own term is committed',
    edits: [
      {
        file: 'membership.ts',
        find: "  if (!termCommitted(core, leading)) return { ok: false, reason: 'termNotCommitted' }\n",
        replace: '',
      },
    ],
    seed: 1,
  },
  {
    id: 'two-changes',
    catalogue: '51, 58',
    bug: 'a second change begins before the first is committed',
    edits: [
      {
        file: 'membership.ts',
        find: 'core.log.configIndex > core.commit || isJoint(core.config)',
        replace: 'isJoint(core.config)',
      },
    ],
    seed: 8,
  },
  {
    id: 'leave-joint-early',
    catalogue: '52',
    bug: 'a joint configuration is left before it is committed',
    edits: [{ file: 'membership.ts', find: '    if (core.log.configIndex > held) return\n', replace: '' }],
    seed: 8,
  },
  {
    id: 'joint-commit-one-half',
    catalogue: '53, 60',
    bug: 'the new half alone commits in a joint configuration',
    edits: [
      {
        file: 'membership.ts',
        find: 'leading.voters.map((peer) => peer.match),',
        replace: '(leading.nextVoters.length > 0 ? leading.nextVoters : leading.voters).map((peer) => peer.match),',
      },
    ],
    seed: 10,
  },
  {
    id: 'joint-election-one-half',
    catalogue: '53, 60',
    bug: 'the old half alone elects in a joint configuration',
    edits: [
      {
        file: 'roles.ts',
        find: 'jointVoteResult(of(core.config.voters), of(core.config.nextVoters))',
        replace: 'jointVoteResult(of(core.config.voters), [])',
      },
    ],
    seed: 1,
  },
  {
    id: 'even-majority',
    catalogue: '55',
    bug: 'half of an even number of voters is a majority',
    edits: [{ file: 'quorum.ts', find: 'Math.floor(voters / 2) + 1', replace: 'Math.ceil(voters / 2)' }],
    seed: 1,
  },
  {
    id: 'joint-lost-on-restart',
    catalogue: '50',
    bug: 'a joint configuration in a snapshot point is forgotten on restart',
    edits: [
      {
        file: 'log-view.ts',
        find: '[{ index: this.snapshotIndex, config: start.snapshot.config }]',
        replace:
          '[{ index: this.snapshotIndex, config: { ...start.snapshot.config, nextVoters: [], nextLearners: [] } }]',
      },
    ],
    seed: 86,
  },
  {
    id: 'removed-leader-counts',
    catalogue: '57',
    bug: 'a leader that removes itself still counts itself',
    edits: [
      {
        file: 'membership.ts',
        find: 'leading.voters.map((peer) => peer.match),',
        replace:
          '[...leading.voters.map((peer) => peer.match), ...(isVoter(core.config, core.self) ? [] : [core.disk.stable])],',
      },
    ],
    seed: 1,
  },
  {
    id: 'learner-refuses-vote',
    catalogue: '47',
    bug: 'a replica that is no voter by its own log refuses to vote',
    edits: [
      {
        file: 'election.ts',
        find: 'const refused = term < core.term ||',
        replace: 'const refused = term < core.term || !isVoter(core.config, core.self) ||',
      },
    ],
    seed: 30,
  },
  {
    id: 'demoted-refuses-snapshot',
    catalogue: '49',
    bug: 'a replica refuses a snapshot in which it is no voter',
    edits: [
      {
        file: 'follower.ts',
        find: '  if (snapshot.config.voters.length === 0',
        replace:
          '  if (!snapshot.config.voters.some(({ store }) => store === core.self.store)) return\n  if (snapshot.config.voters.length === 0',
      },
    ],
    seed: 1,
  },
  {
    id: 'removed-never-stands',
    catalogue: '46, 57',
    bug: 'a voter whose removal is not committed never stands for election',
    edits: [
      {
        file: 'roles.ts',
        find: ' ||\n    core.log.configsSince(core.commit).some(({ config }) => isVoter(config, core.self))',
        replace: '',
      },
    ],
    seed: 74,
  },
  {
    id: 'replica-id-unchecked',
    catalogue: '59, 63',
    bug: 'answers of a former replica of the store count for the new one',
    edits: [
      { file: 'step.ts', find: 'if (known && known.replica > from.replica) return', replace: '' },
      { file: 'step.ts', find: '!peer || !sameMember(peer.member, from)', replace: '!peer' },
    ],
    seed: 464,
  },
  {
    id: 'stale-config-kept',
    catalogue: '62',
    bug: 'a configuration whose entry was truncated still counts',
    edits: [
      {
        file: 'log-view.ts',
        find: '    while ((this.configs.at(-1) as ConfigAt).index >= from) this.configs.pop()\n',
        replace: '',
      },
    ],
    seed: 24,
  },
  {
    id: 'newest-config-in-snapshot',
    catalogue: '50, 62',
    bug: 'a snapshot point carries the newest configuration instead of its own',
    edits: [
      {
        file: 'log-view.ts',
        find: 'while ((this.configs[at] as ConfigAt).index > index) at--',
        replace: 'while ((this.configs[at] as ConfigAt).index < 0) at--',
      },
    ],
    seed: 1,
  },
  {
    id: 'snapshot-term-ignored',
    catalogue: '71, 72',
    bug: 'an entry at the index of a snapshot is taken for it whatever its term',
    edits: [
      {
        file: 'follower.ts',
        find: 'core.log.matches(snapshot.index, snapshot.term)',
        replace: 'snapshot.index <= core.log.last',
      },
    ],
    seed: 122,
  },
  {
    id: 'compacted-term-zero',
    catalogue: '70',
    bug: 'the term of a compacted entry reads as 0 and matches an empty slot',
    edits: [
      {
        file: 'log-view.ts',
        find: 'if (index < this.snapshotIndex || index > this.last) return undefined',
        replace: 'if (index < this.snapshotIndex || index > this.last) return 0',
      },
      {
        file: 'replication.ts',
        find: 'if (peer.next - 1 < core.log.snapshotIndex) offerSnapshot(core, peer)\n    else sendAppend',
        replace: 'sendAppend',
      },
    ],
    seed: 359,
  },
  {
    id: 'heartbeat-commit',
    catalogue: '84',
    bug: 'a heartbeat tells a follower the commit index of the leader',
    edits: [
      {
        file: 'replication.ts',
        find: '    const commit = Math.min(core.commit, peer.match)',
        replace: '    const commit = core.commit',
      },
    ],
    seed: 1,
  },
  {
    id: 'stale-write-counts',
    catalogue: '75, 89',
    bug: 'a write that completes vouches for entries that replaced its own',
    edits: [
      {
        file: 'persistence.ts',
        find: '    for (const write of this.writes) write.last = Math.min(write.last, from - 1)\n',
        replace: '',
      },
    ],
    seed: 20,
  },
  {
    id: 'apply-unwritten',
    catalogue: '1',
    bug: 'entries are applied before they are durable here',
    edits: [{ file: 'settle.ts', find: 'Math.min(core.commit, core.disk.stable)', replace: 'core.commit' }],
    seed: 1,
  },
  {
    id: 'apply-skips',
    catalogue: '80',
    bug: 'a bounded page of committed entries is taken for all of them',
    edits: [{ file: 'settle.ts', find: 'core.handedOut += entries.length', replace: 'core.handedOut = to' }],
    seed: 2,
  },
  {
    id: 'proposal-bytes-leak',
    catalogue: '82',
    bug: 'the bytes of committed proposals still count as uncommitted',
    edits: [
      {
        file: 'membership.ts',
        find: 'leading.uncommittedBytes -= core.log.cached(index).data.length',
        replace: 'core.log.cached(index)',
      },
    ],
    seed: 6,
  },
  {
    id: 'window-leak',
    catalogue: '82',
    bug: 'answers do not free the send window',
    edits: [{ file: 'replication.ts', find: '  peer.inflight.free(index)\n', replace: '' }],
    seed: 5,
  },
  {
    id: 'stuck-in-snapshot',
    catalogue: '77',
    bug: 'a follower that caught up by snapshot is never sent anything again',
    edits: [
      {
        file: 'replication.ts',
        find: 'else if (peer.match >= peer.offered) toReplicate(peer)',
        replace: 'else if (peer.match > peer.offered + 1_000_000) toReplicate(peer)',
      },
    ],
    seed: 4,
  },
  {
    id: 'leader-unheard',
    catalogue: '26, 36',
    bug: 'a follower that hears its leader votes for others all the same',
    edits: [{ file: 'step.ts', find: '  core.heardLeaderMs = core.nowMs\n', replace: '' }],
    seed: 78,
  },
]
