import { describe, expect, test } from '@jest/globals'
import { KvError, logIndex, rangeId, replicaId, silentLog, storeId, term, wholeKeySpace } from '@base-kv/base'
import { initialConfig, type SnapshotMeta } from '@base-kv/raft'
import type { Installation, Storage } from '@base-kv/storage'
import { encodeState, firstState } from '../src/range-state.ts'
import { SnapshotIn } from '../src/snapshot-in.ts'
import type { LoadedSnapshot, SnapshotHead, SnapshotPairs } from '../src/snapshot-transfer.ts'

const SENDER = { store: storeId('00000000-0000-4000-8000-000000000002'), replica: replicaId(1) }
const config = initialConfig([SENDER.store])
const offered: SnapshotMeta = { index: logIndex(10), term: term(1), config }
const head = (index = 10): SnapshotHead => ({
  snapshot: { ...offered, index: logIndex(index) },
  state: encodeState(firstState(config)),
})
const pairs = (key: string): SnapshotPairs => ({ space: 'user', pairs: [[Buffer.from(key), Buffer.from('v')]] })

/** A receiver on a disk that only counts. */
class Receiver {
  readonly added: string[] = []
  begun = 0
  abandoned = 0
  readonly installs: Installation[] = []
  installed: LoadedSnapshot | null = null
  failed = 0
  ended = 0
  nowMs = 0
  finishInstall: () => void = () => {}
  readonly snapshotIn: SnapshotIn

  constructor(stream: () => AsyncIterable<SnapshotHead | SnapshotPairs>, holdInstall = false) {
    const storage = {
      data: {
        beginLoad: async () => ({
          number: ++this.begun,
          add: async (_space: string, items: SnapshotPairs['pairs']) => {
            this.added.push(...items.map(([key]) => Buffer.from(key).toString()))
          },
          abandon: () => void this.abandoned++,
        }),
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
      pull: stream,
      installed: (loaded) => void (this.installed = loaded),
      failed: () => void this.failed++,
      ended: () => void this.ended++,
    })
    this.snapshotIn.begin(SENDER, offered)
  }

  async over(): Promise<void> {
    for (let i = 0; this.snapshotIn.underWay && i < 1000; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(this.snapshotIn.underWay).toBe(false)
  }
}

async function* of(...parts: (SnapshotHead | SnapshotPairs | KvError)[]) {
  for (const part of parts) {
    if (part instanceof KvError) throw part
    yield part
  }
}

async function* silent(...parts: (SnapshotHead | SnapshotPairs)[]) {
  yield* parts
  await new Promise(() => {})
}

describe('a snapshot on its way in', () => {
  test('is loaded, put in place and told', async () => {
    const receiver = new Receiver(() => of(head(12), pairs('a'), pairs('b')))
    await receiver.over()
    expect(receiver.added).toEqual(['a', 'b'])
    expect(receiver.installs[0]).toMatchObject({ snapshot: { index: 12 }, record: { boundary: wholeKeySpace } })
    expect(receiver.installed?.snapshot.index).toBe(12)
    expect([receiver.failed, receiver.ended, receiver.abandoned]).toEqual([0, 1, 0])
  })

  test.each<[string, () => AsyncIterable<SnapshotHead | SnapshotPairs>]>([
    ['breaks', () => of(head(), pairs('a'), new KvError('OutcomeUnknown', 'broke'))],
    ['is empty', () => of()],
    ['begins without its head', () => of(pairs('a'))],
    ['has two heads', () => of(head(), head())],
    ['is older than what was offered', () => of(head(9))],
    ['carries a state of a newer version', () => of({ ...head(), state: Buffer.alloc(40, 9) })],
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
    expect([receiver.failed, receiver.ended, receiver.abandoned]).toEqual([1, 1, receiver.begun])
  })

  test('whose sender says nothing for long is given up', async () => {
    const receiver = new Receiver(() => silent(head(), pairs('a')))
    while (receiver.added.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    receiver.snapshotIn.giveUpWhenStalled(29_000)
    expect(receiver.snapshotIn.underWay).toBe(true)
    receiver.snapshotIn.giveUpWhenStalled(31_000)
    await receiver.over()
    expect([receiver.failed, receiver.abandoned]).toEqual([1, 1])
  })

  test('is given up at once when its replica ends, and nothing is told any more', async () => {
    const receiver = new Receiver(() => silent(head()))
    await receiver.snapshotIn.giveUp(new KvError('TryLater', 'this node stops'))
    expect(receiver.snapshotIn.underWay).toBe(false)
    expect([receiver.failed, receiver.abandoned, receiver.installs.length]).toEqual([0, 1, 0])
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
