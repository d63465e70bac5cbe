import type { Mutant } from './mutant.ts'

/** Known bugs in configurations and replicas (catalogue D). */
export const membershipMutants: readonly Mutant[] = [
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
]
