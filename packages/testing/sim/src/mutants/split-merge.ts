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
    id: 'half-acknowledges-early',
    catalogue: '100',
    bug: 'a right half acknowledges entries before its split is on disk',
    inStores: true,
    edits: [
      {
        package: 'storage',
        file: 'log-store.ts',
        find: `    log.held = []
`,
        replace: `    log.held = null
`,
      },
    ],
    seed: 1,
  },
  {
    id: 'tombstone-revived',
    catalogue: '101',
    bug: 'a split creates a right half that was removed here',
    inStores: true,
    edits: [
      {
        package: 'storage',
        file: 'log-store.ts',
        find: `if (replica <= (this.#tombstones.get(range) ?? -1)) return false
    const log`,
        replace: 'const log',
      },
    ],
    seed: 1,
  },
  {
    id: 'split-version-unchecked',
    catalogue: '105',
    bug: 'a split is applied whatever the version of the range is by then',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'split.ts',
        find: `if (!sameVersion(ver, state.ver)) return refuse.otherVersion(id, state.ver)
`,
        replace: '',
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
    seed: 1,
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
    seed: 1,
  },
  {
    id: 'frozen-serves-reads',
    catalogue: '39, 106',
    bug: 'a range that is being taken over goes on answering reads',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'read-path.ts',
        find: `this.#host.machine.state?.state === 'WaitingForMerge' ? refuse.frozen(this.#range) : null`,
        replace: 'null',
      },
    ],
    seed: 1,
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
    seed: 1,
  },
  {
    id: 'merge-not-frozen-everywhere',
    catalogue: '102, 104',
    bug: 'a merge is decided as soon as the leader of the right range is frozen',
    inStores: true,
    edits: [
      { package: 'range', file: 'merging.ts', find: 'if (durable) this.#say', replace: 'if (true) this.#say' },
      { package: 'range', file: 'merging.ts', find: 'frozenAt, durable })', replace: 'frozenAt, durable: true })' },
    ],
    seed: 1,
  },
  {
    id: 'merge-after-cancel',
    catalogue: '103',
    bug: 'a merge is applied that was cancelled',
    inStores: true,
    edits: [
      {
        package: 'range',
        file: 'merge.ts',
        find: 'return merge.task === task && !merge.cancelled ? merge : null',
        replace: 'return merge.task === task ? merge : null',
      },
      {
        package: 'range',
        file: 'merge.ts',
        find: `if (state !== 'PreparedMerging' || merge?.role !== 'merger') return null`,
        replace: `if (merge?.role !== 'merger') return null`,
      },
    ],
    seed: 1,
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
