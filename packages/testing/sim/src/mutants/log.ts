import type { Mutant } from './mutant.ts'

/** Known bugs in persistence, replication, snapshots and apply (catalogue A, F and G). */
export const logMutants: readonly Mutant[] = [
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
]
