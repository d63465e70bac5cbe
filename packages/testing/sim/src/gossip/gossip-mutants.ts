import type { Edit } from '../mutants/mutant.ts'

/** A known bug of gossip protocols: a rewrite of one or two places in the sources of a core, and the scenario that sees it. */
export interface GossipMutant {
  readonly id: string
  /** Number in the catalogue of gossip bugs of real systems. */
  readonly catalogue: string
  readonly bug: string
  readonly edits: readonly Edit[]
  readonly scenario: string
}

export const gossipMutants: readonly GossipMutant[] = [
  {
    id: 'never-dialled-again',
    catalogue: 'G5',
    bug: 'dead members are not dialled, and seeds are forgotten once they answered',
    edits: [
      { package: 'swim', file: 'swim.ts', find: 'this.#probing.start(dead, true)', replace: 'if (dead) return' },
      {
        package: 'swim',
        file: 'seeds.ts',
        find: 'if (seed.nextMs > nowMs ||',
        replace: 'if (seed.nextMs > nowMs || seed.host ||',
      },
    ],
    scenario: 'partition',
  },
  {
    id: 'no-objection',
    catalogue: 'G1, G23',
    bug: 'a member that hears that it is suspected does not raise its incarnation',
    edits: [{ package: 'swim', file: 'membership.ts', find: '    this.#incarnation++\n', replace: '' }],
    scenario: 'pauses',
  },
  {
    id: 'dead-suspected-again',
    catalogue: 'G8, G9',
    bug: 'what others still hold of a dead member makes it a suspect again, and so on',
    edits: [
      {
        package: 'swim',
        file: 'membership.ts',
        find: "if (known.state === 'dead' && update.incarnation === known.incarnation) return",
        replace: '',
      },
    ],
    scenario: 'deaths of few',
  },
  {
    id: 'no-tombstones',
    catalogue: 'G9, G10',
    bug: 'who left is not remembered: late news brings it back',
    edits: [
      {
        package: 'swim',
        file: 'membership.ts',
        find: '    if (this.#left.has(update.host)) return\n    if (update.state',
        replace: '    if (update.state',
      },
    ],
    scenario: 'churn',
  },
  {
    id: 'no-reliable-probe',
    catalogue: 'G13, G16',
    bug: 'lost datagrams alone make a member suspect',
    edits: [
      {
        package: 'swim',
        file: 'probing.ts',
        find: 'this.#deps.askReliably(seq, target.address, probe.deadlineMs - probe.repeatMs)',
        replace: '',
      },
    ],
    scenario: 'peace',
  },
  {
    id: 'pause-blames-others',
    catalogue: 'G14',
    bug: 'after standing still a process takes what it did not read for silence of the others',
    edits: [
      {
        package: 'swim',
        file: 'swim.ts',
        find: 'if (elapsed < PAUSE_MS) {',
        replace: 'if (elapsed < Number.POSITIVE_INFINITY) {',
      },
    ],
    scenario: 'pauses',
  },
  {
    id: 'count-wraps',
    catalogue: 'G17',
    bug: 'the number of members in a table has eight bits',
    edits: [{ package: 'swim', file: 'wire.ts', find: 'writer.u16(taken)', replace: 'writer.u16(taken & 0xff)' }],
    scenario: 'churn',
  },
  {
    id: 'any-cluster',
    catalogue: 'G26',
    bug: 'packets of another cluster are taken in',
    edits: [
      {
        package: 'swim',
        file: 'swim.ts',
        find: 'return cluster === this.#cluster && (epoch',
        replace: 'return cluster.length > 0 && (epoch',
      },
    ],
    scenario: 'strangers',
  },
  {
    id: 'nobody-to-confirm',
    catalogue: 'G19',
    bug: 'in a cluster of two or three a suspicion waits for confirmations that nobody can give',
    edits: [{ package: 'swim', file: 'suspicion.ts', find: 'members < 4 ? 0', replace: 'members < 1 ? 0' }],
    scenario: 'deaths of few',
  },
  {
    id: 'old-process-lingers',
    catalogue: 'G4',
    bug: 'a new process at an old address answers for the old one, and does not declare it gone',
    edits: [
      {
        package: 'swim',
        file: 'swim.ts',
        find: "target === this.#options.host ? { kind: 'ack', seq } : { kind: 'gone', seq, target }",
        replace: "{ kind: 'ack', seq }",
      },
      {
        package: 'swim',
        file: 'membership.ts',
        find: "if (update.state !== 'left' && update.address === this.#options.address) return this.left(update.host)",
        replace: '',
      },
      {
        package: 'swim',
        file: 'probing.ts',
        find: 'if (host !== probe.target.host) return',
        replace: 'if (host === null) return',
      },
      {
        package: 'swim',
        file: 'probing.ts',
        find: 'probe.target.host !== from && !probe.helpers.has(from)',
        replace: 'from.length === 0',
      },
      { package: 'swim', file: 'swim.ts', find: 'if (before && before.host', replace: 'if (!before && before' },
    ],
    scenario: 'pauses',
  },
  {
    id: 'holes',
    catalogue: 'G9',
    bug: 'a change is taken in although the one before it is missing',
    edits: [
      {
        package: 'crdt',
        file: 'owned-map.ts',
        find: "if (part.after > this.#version) return { kind: 'gap' }",
        replace: '',
      },
    ],
    scenario: 'chaos',
  },
  {
    id: 'entries-of-the-dead',
    catalogue: 'G8',
    bug: 'entries of who is gone are taken in again from who still has them',
    edits: [{ package: 'crdt', file: 'replicator.ts', find: 'if (!this.#accepts(owner)) return false', replace: '' }],
    scenario: 'chaos',
  },
]
