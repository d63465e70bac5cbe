import { describe, expect, test } from '@jest/globals'
import { KvError, logIndex, rangeId, replicaId, silentLog, storeId, term, wholeKeySpace } from '@base-kv/base'
import { initialConfig, type SnapshotMeta } from '@base-kv/raft'
import type { Installation, LoadOptions, LoadPosition, Storage } from '@base-kv/storage'
import { encodeState, firstState } from '../src/range-state.ts'
import { SnapshotIn } from '../src/snapshot-in.ts'
import type {
  LoadedSnapshot,
  SnapshotHead,
  SnapshotPairs,
  SnapshotPart,
  SnapshotRequest,
} from '../src/snapshot-transfer.ts'

const SENDER = { store: storeId('00000000-0000-4000-8000-000000000002'), replica: replicaId(1) }
const OTHER = { store: storeId('00000000-0000-4000-8000-000000000003'), replica: replicaId(1) }
const REPLACED = rangeId(1n, 2n)
const config = initialConfig([SENDER.store])
const offered: SnapshotMeta = { index: logIndex(10), term: term(1), config }
const head = (index = 10, { view = 'host/1', resumed = false } = {}): SnapshotHead => ({
  snapshot: { ...offered, index: logIndex(index) },
  state: encodeState(firstState(config)),
  view,
  resumed,
})
const pairs = (key: string): SnapshotPairs => ({ space: 'user', pairs: [[Buffer.from(key), Buffer.from('v')]] })
const broke = new KvError('OutcomeUnknown', 'broke')
const damaged = new KvError('Corrupt', 'a chunk fails its checksum')

/** What the disk keeps of one snapshot on its way in. */
class FakeLoad {
  readonly key: string | undefined
  readonly added: string[] = []
  position: LoadPosition | null = null
  state: 'open' | 'suspended' | 'abandoned' = 'open'

  constructor(key: string | undefined) {
    this.key = key
  }

  async add(space: LoadPosition['space'], items: SnapshotPairs['pairs']): Promise<void> {
    this.added.push(...items.map(([key]) => Buffer.from(key).toString()))
    const last = items.at(-1)
    if (last) this.position = { space, key: last[0] }
  }

  suspend(): void {
    this.state = 'suspended'
  }

  abandon(): void {
    this.state = 'abandoned'
  }
}

/** A receiver on a disk that only counts. */
class Receiver {
  readonly loads: FakeLoad[] = []
  readonly requests: SnapshotRequest[] = []
  readonly installs: Installation[] = []
  installed: LoadedSnapshot | null = null
  failed = 0
  ended = 0
  nowMs = 0
  finishInstall: () => void = () => {}
  readonly snapshotIn: SnapshotIn

  constructor(stream: (pull: number) => AsyncIterable<SnapshotPart>, holdInstall = false) {
    const storage = {
      data: {
        beginLoad: async (_range: string, { resumeKey }: LoadOptions = {}) => {
          const same = this.loads.find((load) => load.state === 'suspended' && load.key === resumeKey)
          if (same) {
            same.state = 'open'
            return same
          }
          for (const load of this.loads) if (load.state === 'suspended') load.abandon()
          this.loads.push(new FakeLoad(resumeKey))
          return this.loads.at(-1)
        },
      },
      install: (_range: string, installation: Installation) => {
        this.installs.push(installation)
        return holdInstall ? new Promise<void>((resolve) => (this.finishInstall = resolve)) : Promise.resolve()
      },
    } as unknown as Storage
    this.snapshotIn = new SnapshotIn(rangeId(1n, 1n), {
      storage,
      log: silentLog,
      nowMs: () => this.nowMs,
      pull: (_from, request) => {
        this.requests.push(request)
        return stream(this.requests.length)
      },
      takeOver: (_state, install) => install([REPLACED]),
      installed: (loaded) => void (this.installed = loaded),
      failed: () => void this.failed++,
      ended: () => void this.ended++,
    })
    this.snapshotIn.begin(SENDER, offered)
  }

  get added(): readonly string[] {
    return this.loads.flatMap(({ added }) => added)
  }

  /** How each load that was begun ended. */
  get loadStates(): readonly string[] {
    return this.loads.map(({ state }) => state)
  }

  async over(): Promise<void> {
    for (let i = 0; this.snapshotIn.underWay && i < 1000; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(this.snapshotIn.underWay).toBe(false)
  }

  async again(from = SENDER): Promise<void> {
    this.snapshotIn.begin(from, offered)
    await this.over()
  }
}

async function* of(...parts: (SnapshotPart | KvError)[]) {
  for (const part of parts) {
    if (part instanceof KvError) throw part
    yield part
  }
}

async function* silent(...parts: SnapshotPart[]) {
  yield* parts
  await new Promise(() => {})
}

describe('a snapshot on its way in', () => {
  test('is loaded, put in place with what it replaces, and told', async () => {
    const receiver = new Receiver(() => of(head(12), pairs('a'), pairs('b')))
    await receiver.over()
    expect(receiver.added).toEqual(['a', 'b'])
    expect(receiver.installs[0]).toMatchObject({
      snapshot: { index: 12 },
      record: { boundary: wholeKeySpace },
      replaces: [REPLACED],
    })
    expect(receiver.installed?.snapshot.index).toBe(12)
    expect([receiver.failed, receiver.ended, receiver.loadStates]).toEqual([0, 1, ['open']])
  })

  test.each<[string, () => AsyncIterable<SnapshotPart>]>([
    ['breaks before any pair', () => of(head(), broke)],
    ['is empty', () => of()],
    ['begins without its head', () => of(pairs('a'))],
    ['has two heads', () => of(head(), head())],
    ['is older than what was offered', () => of(head(9))],
    ['carries a state of a newer version', () => of({ ...head(), state: Buffer.alloc(40, 9) })],
    ['goes on although nobody asked for it', () => of(head(10, { resumed: true }), pairs('b'))],
    [
      'has no sender',
      () => {
        throw new KvError('Unreachable', 'nobody is there')
      },
    ],
  ])('that %s leaves nothing behind', async (_, stream) => {
    const receiver = new Receiver(stream)
    await receiver.over()
    expect(receiver.installs).toEqual([])
    expect([receiver.failed, receiver.ended]).toEqual([1, 1])
    expect(receiver.loadStates.every((state) => state === 'abandoned')).toBe(true)
  })

  test('whose sender says nothing for long is given up', async () => {
    const receiver = new Receiver(() => silent(head(), pairs('a')))
    while (receiver.added.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    receiver.snapshotIn.giveUpWhenStalled(29_000)
    expect(receiver.snapshotIn.underWay).toBe(true)
    receiver.snapshotIn.giveUpWhenStalled(31_000)
    await receiver.over()
    expect([receiver.failed, receiver.loadStates]).toEqual([1, ['suspended']])
  })

  test('is given up at once when its replica ends, and nothing is told any more', async () => {
    const receiver = new Receiver(() => silent(head(), pairs('a')))
    while (receiver.added.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await receiver.snapshotIn.giveUp(new KvError('TryLater', 'this node stops'))
    expect(receiver.snapshotIn.underWay).toBe(false)
    expect([receiver.failed, receiver.loadStates, receiver.installs.length]).toEqual([0, ['abandoned'], 0])
  })

  test('that is being put in place is finished first', async () => {
    const receiver = new Receiver(() => of(head()), true)
    while (!receiver.snapshotIn.installing) await new Promise((resolve) => setImmediate(resolve))
    let over = false
    const givenUp = receiver.snapshotIn.giveUp(new KvError('TryLater', 'this node stops')).then(() => (over = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    receiver.finishInstall()
    await givenUp
    expect(receiver.installed).toBeNull()
  })
})

describe('a snapshot that broke off', () => {
  const begun = (view = 'host/1') => of(head(10, { view }), pairs('a'), pairs('b'), broke)

  test('goes on behind the last durable pair of the same view', async () => {
    const receiver = new Receiver((pull) => (pull === 1 ? begun() : of(head(10, { resumed: true }), pairs('c'))))
    await receiver.over()
    expect([receiver.failed, receiver.loadStates]).toEqual([1, ['suspended']])
    await receiver.again()
    expect(receiver.requests.map(({ resume }) => resume)).toEqual([
      null,
      { view: 'host/1', position: { space: 'user', key: Buffer.from('b') } },
    ])
    expect(receiver.added).toEqual(['a', 'b', 'c'])
    expect(receiver.installs).toHaveLength(1)
  })

  test('also after pulls that reached nobody', async () => {
    const receiver = new Receiver((pull) => {
      if (pull === 1) return begun()
      if (pull < 4) throw new KvError('Unreachable', 'nobody is there')
      return of(head(10, { resumed: true }), pairs('c'))
    })
    await receiver.over()
    await receiver.again()
    await receiver.again()
    await receiver.again()
    expect(receiver.added).toEqual(['a', 'b', 'c'])
    expect(receiver.installs).toHaveLength(1)
  })

  test('begins anew when the sender has not kept its view', async () => {
    const receiver = new Receiver((pull) =>
      pull === 1 ? begun() : of(head(12, { view: 'host/2' }), pairs('a'), pairs('b'), pairs('c')),
    )
    await receiver.over()
    await receiver.again()
    expect(receiver.requests[1]?.resume?.view).toBe('host/1')
    expect(receiver.loadStates).toEqual(['abandoned', 'open'])
    expect(receiver.loads[1]?.added).toEqual(['a', 'b', 'c'])
    expect(receiver.installs[0]?.snapshot.index).toBe(12)
  })

  test('is not asked of another sender', async () => {
    const receiver = new Receiver((pull) => (pull === 1 ? begun() : of(head(10, { view: 'other/1' }), pairs('a'))))
    await receiver.over()
    await receiver.again(OTHER)
    expect(receiver.requests[1]?.resume).toBeNull()
    expect(receiver.loads[1]?.added).toEqual(['a'])
    expect(receiver.installs).toHaveLength(1)
  })

  test('begins anew when what had come is gone here', async () => {
    const receiver = new Receiver((pull) => {
      if (pull === 1) return begun()
      return pull === 2 ? of(head(10, { resumed: true }), pairs('c')) : of(head(), pairs('a'), pairs('b'), pairs('c'))
    })
    await receiver.over()
    receiver.loads[0]?.abandon()
    await receiver.again()
    expect([receiver.installs.length, receiver.loadStates]).toEqual([0, ['abandoned', 'abandoned']])
    await receiver.again()
    expect(receiver.requests[2]?.resume).toBeNull()
    expect(receiver.loads[2]?.added).toEqual(['a', 'b', 'c'])
  })

  test('by a damaged chunk costs that chunk, and begins anew when the next one is damaged too', async () => {
    const receiver = new Receiver((pull) =>
      pull === 1
        ? of(head(), pairs('a'), damaged)
        : pull === 2
          ? of(head(10, { resumed: true }), damaged)
          : of(head(), pairs('a'), pairs('b')),
    )
    await receiver.over()
    expect(receiver.loadStates).toEqual(['suspended'])
    await receiver.again()
    expect(receiver.loadStates).toEqual(['abandoned'])
    await receiver.again()
    expect(receiver.requests.map(({ resume }) => resume !== null)).toEqual([false, true, false])
    expect(receiver.loads[1]?.added).toEqual(['a', 'b'])
    expect(receiver.installs).toHaveLength(1)
  })
})
