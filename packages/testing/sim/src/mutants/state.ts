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
]
