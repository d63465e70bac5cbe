import type { Mutant } from './mutant.ts'

/** Known bugs in splits and merges (catalogue H), put into whole stores. */
export const splitMergeMutants: readonly Mutant[] = [
  {
    id: 'half-forgets-vote',
    catalogue: '99',
    bug: 'a split overwrites term and vote of a right half that has voted',
    inStores: true,
    edits: [
      {
        package: 'storage',
        file: 'log-store.ts',
        find: 'newHardState.term > log.hardState.term ? newHardState : log.hardState',
        replace: 'newHardState',
      },
    ],
    seed: 1,
  },
  {
    id: 'split-forgets-requests',
    catalogue: '94, 95',
    bug: 'the right half of a split does not remember requests',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'state-machine.ts',
        find: 'local: this.#readyRequests().records(),',
        replace: 'local: [],',
      },
    ],
    seed: 5,
  },
  {
    id: 'merge-forgets-requests',
    catalogue: '94, 95',
    bug: 'a merge drops what the absorbed range remembers of requests',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'state-machine.ts',
        find: `if (merge) requests.absorb(this.#mergee(merge.right).records())
`,
        replace: '',
      },
    ],
    seed: 15,
  },
  {
    id: 'frozen-takes-writes',
    catalogue: '39, 106',
    bug: 'a range that is being taken over goes on applying writes',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'state-machine.ts',
        find: 'isFrozen ? refuse.frozen(this.#id) : this.#mutateOnce',
        replace: 'this.#mutateOnce',
      },
      {
        package: 'range',
        file: 'range.ts',
        find: `if (this.isFrozen) return refuse.frozen(this.id)
`,
        replace: '',
      },
    ],
    seed: 8,
  },
  {
    id: 'late-freeze',
    catalogue: '103',
    bug: 'a freeze is applied whatever the version of the range is by then',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'merge.ts',
        find: 'sameVersion(ver, state.ver) && state.state ===',
        replace: 'state.state ===',
      },
    ],
    seed: 1,
  },
]
