import type { Mutant } from './mutant.ts'

/** Known bugs in applied state, exactly-once and who is a member (catalogue D and G), put into whole stores. */
export const stateMutants: readonly Mutant[] = [
  {
    id: 'applied-twice',
    catalogue: '94, 95',
    bug: 'a write that comes again is applied again',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'state-machine.ts',
        find: 'if (known) return known',
        replace: 'if (known instanceof KvError) return known',
      },
    ],
    seed: 1,
  },
  {
    id: 'unknown-called-refused',
    catalogue: '98',
    bug: 'a deposed leader says that a write was not applied, which is applied later',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'proposals.ts',
        find: `const error = new KvError('OutcomeUnknown', why,`,
        replace: `const error = new KvError('TryLater', why,`,
      },
    ],
    seed: 1,
  },
  {
    id: 'applied-without-data',
    catalogue: '90',
    bug: 'a flush writes how much is applied, and leaves deletes out',
    inStores: true,
    edits: [
      {
        package: 'storage',
        file: 'data-flush.ts',
        find: `          batch.del(sealer.key)
`,
        replace: '',
      },
    ],
    seed: 1,
  },
  {
    id: 'error-not-fatal',
    catalogue: '92',
    bug: 'after a failed write the log goes on as if it had succeeded',
    inStores: true,
    edits: [{ package: 'storage', file: 'log-store.ts', find: `poison.trip('log', thrown)`, replace: 'void thrown' }],
    seed: 1,
  },
  {
    id: 'log-cut-unflushed',
    catalogue: '90, 93',
    bug: 'the log is cut behind what is applied, not behind what is on disk',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'compaction.ts',
        find: 'Math.min(flushed, first + Math.ceil(entries / 2))',
        replace: 'first + Math.ceil(entries / 2)',
      },
    ],
    seed: 1,
  },
  {
    id: 'dismissed-without-quorum',
    catalogue: '63',
    bug: 'a deposed leader tells members that they are none any more',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'membership.ts',
        find: 'if (!error && !this.#mayBeIn(member)) answer()',
        replace: 'answer()',
      },
      {
        package: 'range',
        file: 'membership.ts',
        find: `    if (this.#mayBeIn(member)) return
    this.#host.confirm`,
        replace: '    this.#host.confirm',
      },
    ],
    seed: 1,
  },
  {
    id: 'replays-old-members',
    catalogue: '59, 63',
    bug: 'a replica that came back takes configurations from before it was added for its removal',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'applier.ts',
        find: 'entry.type !== EntryType.config || entry.index < addedAt(this.#self.replica)',
        replace: 'entry.type !== EntryType.config',
      },
    ],
    seed: 1,
  },
  {
    id: 'destroyed-comes-back',
    catalogue: '63',
    bug: 'a replica that was removed is made again by an old message',
    inStores: true,
    edits: [
      {
        package: 'store',
        file: 'replicas.ts',
        find: 'if (message.to.replica <= neverAgain) {',
        replace: 'if (message.to.replica < neverAgain) {',
      },
      {
        package: 'storage',
        file: 'engine-storage.ts',
        find: 'assert(replica > (this.log.tombstone(range) ?? -1)',
        replace: 'assert(replica >= (this.log.tombstone(range) ?? -1)',
      },
    ],
    seed: 1,
  },
  {
    id: 'empty-replica-asks-nobody',
    catalogue: '63, 104',
    bug: 'an empty replica whose group went on without it stays for ever',
    inStores: true,
    edits: [
      { package: 'store', file: 'dismissal.ts', find: '[...this.#host.neighbours(), ...members]', replace: 'members' },
    ],
    seed: 1,
  },
]
