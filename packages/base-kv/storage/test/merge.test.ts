/** Merge: one range takes over the keys of the one behind it, and the crash at every point of it. */
import { describe, expect, test } from '@jest/globals'
import { logIndex, rangeId, replicaId, type RangeId } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type Merge, type Storage } from '../src/index.ts'
import {
  append,
  applied,
  bytes,
  deps,
  entry,
  hard,
  newReplica,
  pairsOf,
  point,
  R1,
  R2,
  record,
  slotsCleared,
  temporaryFolder,
  text,
} from './fixtures.ts'
import { openGated } from './gated.ts'

const R3: RangeId = rangeId(1n, 3n)

function putNow(storage: Storage, range: RangeId, key: string, value: string): void {
  const index = storage.log.lastIndex(range) + 1
  storage.log.append(range, { entries: [entry(index, 1, `${key}=${value}`)] }, () => {})
  storage.data.range(range).put('user', bytes(key), bytes(value))
  storage.data.range(range).setApplied(applied(index, 1))
}

const bounded = (start: string | null, end: string | null) => ({
  ...newReplica(),
  data: {
    ...record(1, 1),
    boundary: { start: start === null ? null : bytes(start), end: end === null ? null : bytes(end) },
  },
})

/** [.., m) with a and b, [m, ..) with m and n, each in a slot of its own, flushed; the marker is logged as entry 4 of both. */
async function prepare(storage: Storage): Promise<void> {
  await storage.createReplica(R1, bounded(null, 'm'))
  await storage.createReplica(R2, bounded('m', null))
  for (const key of ['a', 'b']) putNow(storage, R1, key, '1')
  for (const key of ['m', 'n']) putNow(storage, R2, key, '1')
  storage.data.range(R2).put('local', bytes('request'), bytes('reply'))
  storage.data.range(R2).setApplied(applied(3, 1))
  await append(storage, R1, entry(4, 1, 'marker'))
  await append(storage, R2, entry(4, 1, 'freeze'))
  storage.data.range(R2).setApplied(applied(4, 1), bytes('frozen'))
  await storage.data.flushNow()
}

const marker = (more: Partial<Merge> = {}): Merge => ({
  at: applied(4, 1),
  state: bytes('merged'),
  right: R2,
  frozenAt: logIndex(4),
  ...more,
})

const MERGED = ['a=1', 'b=1', 'm=1', 'n=1']

/** Waits until the log of the absorbed range is gone. */
async function tombstoned(storage: Storage, range: RangeId): Promise<void> {
  while (storage.log.tombstone(range) === undefined) await new Promise((resolve) => setImmediate(resolve))
  await storage.log.flush()
}

describe('merge', () => {
  test('gives one range at once, and the same after a restart; nothing of the absorbed one is left', async () => {
    await using folder = await temporaryFolder()
    let { storage, gates } = await openGated(folder.path)
    await prepare(storage)
    putNow(storage, R2, 'n', '2')
    await using old = storage.data.range(R2).readView()
    const handle = storage.data.range(R2)
    storage.merge(R1, marker())
    expect(storage.data.ranges).toEqual([R1])
    expect(() => storage.data.range(R2)).toThrow(expect.objectContaining({ code: 'NotFound' }))
    expect(() => handle.put('user', bytes('n'), bytes('3'))).toThrow('gone')
    putNow(storage, R1, 'o', '1')
    const expected = ['a=1', 'b=1', 'm=1', 'n=2', 'o=1']
    expect(await pairsOf(storage, R1)).toEqual(expected)
    expect(await pairsOf(old)).toEqual(['m=1', 'n=2'])
    await tombstoned(storage, R2)
    await slotsCleared(storage)
    expect(text(old.get('local', bytes('request')))).toBe('reply')
    for (let round = 0; round < 2; round++) {
      expect(await pairsOf(storage, R1)).toEqual(expected)
      expect(storage.data.range(R1).record.boundary).toEqual({ start: null, end: null })
      expect(storage.log.tombstone(R2)).toBe(1)
      await storage.close()
      ;({ storage, gates } = await openGated(folder.path))
      expect(storage.found).toMatchObject([{ range: R1, state: 'ok', lastIndex: 5 }])
    }
    await slotsCleared(storage)
    expect(gates.data.operations.deletes).toBe(0)
    await storage.close()
  })

  test('keeps of the absorbed local records what was put in its step', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    storage.data.range(R1).put('local', bytes('request'), bytes('reply'))
    storage.merge(R1, marker())
    await storage.data.flushNow()
    expect(text(storage.data.range(R1).get('local', bytes('request')))).toBe('reply')
    expect(storage.data.flushedApplied(R1)).toBe(4)
    await storage.close()
  })

  test('of what is not adjacent, or not applied up to the freeze, is a broken invariant', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    await storage.createReplica(R3, bounded('x', null))
    expect(() => storage.merge(R1, marker({ right: R3, frozenAt: logIndex(1) }))).toThrow('does not lie behind')
    expect(() => storage.merge(R2, marker({ right: R1 }))).toThrow('does not lie behind')
    expect(() => storage.merge(R1, marker({ frozenAt: logIndex(5) }))).toThrow('frozen at 5')
    expect(storage.data.ranges).toHaveLength(3)
    await storage.close()
  })

  test('of two halves ends where their split began: one segment', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates } = await openGated(folder.path)
    await storage.createReplica(R1, newReplica())
    for (let round = 0; round < 5; round++) {
      const right = rangeId(2n, BigInt(round + 1))
      for (const key of ['a', 'b', 'm', 'n']) putNow(storage, R1, key, String(round))
      const index = storage.log.lastIndex(R1) + 1
      await append(storage, R1, entry(index, 1, 'split'), entry(index + 1, 1, 'marker'))
      const half = {
        range: right,
        replica: replicaId(1),
        snapshot: point(1, 1),
        hardState: hard(1, null, 1),
        state: bytes(''),
      }
      storage.split(R1, { at: applied(index, 1), key: bytes('m'), leftState: bytes(''), right: half })
      putNow(storage, right, 'n', 'right')
      storage.merge(R1, { at: applied(index + 1, 1), state: bytes(''), right, frozenAt: logIndex(2) })
      await tombstoned(storage, right)
    }
    await slotsCleared(storage)
    expect(await pairsOf(storage, R1)).toEqual(['a=4', 'b=4', 'm=4', 'n=right'])
    const { iterators } = gates.data.operations
    await pairsOf(storage, R1)
    expect(gates.data.operations.iterators - iterators).toBe(1)
    await storage.close()
  })

  test('lets the absorbed group go on until the merge is durable', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates } = await openGated(folder.path)
    await prepare(storage)
    gates.data.set('held')
    let ended = false
    storage.merge(R1, marker({ onDurable: () => (ended = true) }))
    await append(storage, R2, entry(5, 1, 'another word'))
    expect([ended, storage.log.lastIndex(R2)]).toEqual([false, 5])
    gates.data.set('open')
    await storage.data.flushNow()
    expect(ended).toBe(true)
    expect(() => storage.log.lastIndex(R2)).toThrow('no replica')
    await storage.close()
  })

  test('a view scans across segments and flushes and splits in the middle of it', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    const name = (i: number): string => `${i < 2000 ? 'd' : 'p'}${String(i).padStart(5, '0')}`
    for (let i = 0; i < 4000; i += 2) putNow(storage, i < 2000 ? R1 : R2, name(i), 'flushed')
    await storage.data.flushNow()
    const index = storage.log.lastIndex(R1) + 1
    await append(storage, R1, entry(index, 1, 'marker'))
    storage.merge(R1, marker({ at: applied(index, 1) }))
    for (let i = 1; i < 4000; i += 2) putNow(storage, R1, name(i), 'buffered')
    await using view = storage.data.range(R1).readView()
    for (const reverse of [false, true]) {
      const iterator = view.scan('user', { start: bytes('d'), end: bytes('q'), pagePairs: 300, reverse })
      const seen: string[] = []
      for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
        seen.push(...page.map(([key]) => text(key) as string))
        putNow(storage, R1, name(4000 - seen.length), 'after the view')
        putNow(storage, R1, name(seen.length), 'after the view')
        if (seen.length === 1500) {
          const at = storage.log.lastIndex(R1) + 1
          await append(storage, R1, entry(at, 1, 'split'))
          const boundary = reverse ? 'd01000' : 'p03000'
          storage.split(R1, {
            at: applied(at, 1),
            key: bytes(boundary),
            leftState: bytes(''),
            right: {
              range: rangeId(3n, reverse ? 2n : 1n),
              replica: replicaId(1),
              snapshot: point(1, 1),
              hardState: hard(1, null, 1),
              state: bytes(''),
            },
          })
        }
        await storage.data.flushNow()
      }
      await iterator.close()
      const all = Array.from({ length: 4000 }, (_, i) => name(i))
      const expected = [...all.slice(0, 2000), 'm', 'n', ...all.slice(2000)].filter((key) => key >= 'd')
      expect(seen).toEqual(reverse ? expected.toReversed() : expected)
    }
    await storage.close()
  })
})

describe('a crash', () => {
  test('before the flush with the marker leaves the left range before it and the right one whole', async () => {
    await using folder = await temporaryFolder()
    const { storage, crash } = await openGated(folder.path)
    await prepare(storage)
    storage.data.range(R1).put('local', bytes('request'), bytes('reply'))
    storage.merge(R1, marker())
    await crash()
    const again = (await openGated(folder.path)).storage
    expect(again.found).toMatchObject([
      { range: R1, state: 'ok', data: { applied: { index: 3 } } },
      { range: R2, state: 'ok', data: { applied: { index: 4 } }, lastIndex: 4 },
    ])
    await slotsCleared(again)
    expect(text(again.data.range(R2).get('local', bytes('request')))).toBe('reply')
    expect(again.data.range(R1).get('local', bytes('request'))).toBeUndefined()
    expect([await pairsOf(again, R1), await pairsOf(again, R2)]).toEqual([
      ['a=1', 'b=1'],
      ['m=1', 'n=1'],
    ])
    again.merge(R1, marker())
    expect(await pairsOf(again, R1)).toEqual(MERGED)
    await again.close()
  })

  test.each([
    ['the tombstone', 0],
    ['the note of it is taken out', 1],
  ])('behind the flush and before %s leaves one range, and a start finishes the rest', async (_, logWrites) => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await prepare(storage)
    gates.log.left = logWrites
    gates.data.left = 1
    storage.merge(R1, marker())
    await storage.data.flushNow()
    while (storage.poison === null) await new Promise((resolve) => setImmediate(resolve))
    await crash()
    for (let round = 0; round < 2; round++) {
      const again = (await openGated(folder.path)).storage
      expect(again.found).toMatchObject([{ range: R1, state: 'ok', data: { applied: { index: 4 } } }])
      expect(await pairsOf(again, R1)).toEqual(MERGED)
      expect(again.log.tombstone(R2)).toBe(1)
      await slotsCleared(again)
      await again.close()
    }
  })
})

test('what is wrong with the log of an absorbed range is no damage', async () => {
  const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
  const openOn = () => openMemoryStorage(disks, { cluster: 'test', onPoison: () => {} }, deps)
  const storage = await openOn()
  await prepare(storage)
  disks.log.beforeWrite = () => false
  storage.merge(R1, marker())
  await storage.data.flushNow()
  await storage.close()
  disks.log.beforeWrite = () => true
  // Entry 3 of the second log.
  const missing = Buffer.from('e\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03').toString('latin1')
  expect(disks.log.current.delete(missing)).toBe(true)
  const again = await openOn()
  expect(again.found).toMatchObject([{ range: R1, state: 'ok' }])
  expect(again.log.tombstone(R2)).toBe(1)
  await again.close()
})

describe('a shared slot', () => {
  /** [.., m) and [m, ..) in one slot. */
  async function halves(storage: Storage): Promise<void> {
    await storage.createReplica(R1, newReplica())
    for (const key of ['a', 'b', 'm', 'n']) putNow(storage, R1, key, '1')
    const index = storage.log.lastIndex(R1) + 1
    await append(storage, R1, entry(index, 1, 'split'))
    const right = {
      range: R2,
      replica: replicaId(1),
      snapshot: point(1, 1),
      hardState: hard(1, null, 1),
      state: bytes(''),
    }
    storage.split(R1, { at: applied(index, 1), key: bytes('m'), leftState: bytes(''), right })
    await storage.data.flushNow()
  }

  test.each([R1, R2])('loses only the slices of the half that is destroyed: %s', async (gone) => {
    await using folder = await temporaryFolder()
    const { storage, gates } = await openGated(folder.path)
    await halves(storage)
    const { deletes } = gates.data.operations
    await storage.destroyReplica(gone, replicaId(1))
    await slotsCleared(storage)
    // The range's record and its two pairs.
    expect(gates.data.operations.deletes - deletes).toBe(3)
    expect(await pairsOf(storage, gone === R1 ? R2 : R1)).toEqual(gone === R1 ? ['m=1', 'n=1'] : ['a=1', 'b=1'])
    await storage.close()
  })

  test("is left alone by a snapshot of one half but for that half's slices", async () => {
    await using folder = await temporaryFolder()
    let { storage, gates } = await openGated(folder.path)
    await halves(storage)
    const load = await storage.data.beginLoad(R1)
    await load.add('user', [[bytes('c'), bytes('2')]])
    const boundary = { start: null, end: bytes('m') }
    await storage.install(R1, { snapshot: point(80, 3), load, record: { ...record(80, 3), boundary } })
    await slotsCleared(storage)
    for (let round = 0; round < 2; round++) {
      expect([await pairsOf(storage, R1), await pairsOf(storage, R2)]).toEqual([['c=2'], ['m=1', 'n=1']])
      await storage.close()
      ;({ storage, gates } = await openGated(folder.path))
    }
    await slotsCleared(storage)
    expect(gates.data.operations.deletes).toBe(0)
    await storage.close()
  })

  test('is not cleared of what a split gave up before that split is on disk', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await storage.createReplica(R1, bounded(null, 'x'))
    await storage.createReplica(R2, bounded('x', null))
    for (const key of ['a', 'm', 'n', 'r', 's']) putNow(storage, R1, key, '1')
    await append(storage, R1, entry(7, 1, 'split'), entry(8, 1, 'split'))
    await append(storage, R2, entry(2, 1, 'split'))
    await storage.data.flushNow()
    const cut = (index: number, key: string, right: RangeId) => ({
      at: applied(index, 1),
      key: bytes(key),
      leftState: bytes(''),
      right: {
        range: right,
        replica: replicaId(1),
        snapshot: point(1, 1),
        hardState: hard(1, null, 1),
        state: bytes(''),
      },
    })
    await storage.destroyReplica(R3, replicaId(1))
    // Twice R1 gives up a part; the second time in one batch with a real split that waits for its log.
    gates.data.set('held')
    gates.log.set('held')
    const { deletes } = gates.data.operations
    storage.split(R1, cut(7, 'r', R3))
    await new Promise((resolve) => setImmediate(resolve))
    storage.split(R2, cut(2, 'y', rangeId(1n, 4n)))
    storage.split(R1, cut(8, 'm', R3))
    gates.data.set('open')
    while (storage.data.stats.slotsToClear > 1) await new Promise((resolve) => setImmediate(resolve))
    expect(gates.data.operations.deletes - deletes).toBe(2)
    await crash()
    const again = (await openGated(folder.path)).storage
    expect(await pairsOf(again, R1)).toEqual(['a=1', 'm=1', 'n=1'])
    await again.close()
  })

  test('is cleared of what nobody refers to after a crash, too', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await halves(storage)
    await storage.log.flush()
    // The record of the range goes, its pairs do not.
    gates.data.left = 1
    await storage.destroyReplica(R2, replicaId(1))
    await crash()
    const again = await openGated(folder.path)
    await slotsCleared(again.storage)
    expect(again.gates.data.operations.deletes).toBe(2)
    expect(await pairsOf(again.storage, R1)).toEqual(['a=1', 'b=1'])
    await again.storage.close()
  })
})
