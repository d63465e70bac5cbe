/** Split: two ranges out of one by cutting a list, and the crash at every point of it. */
import { describe, expect, test } from '@jest/globals'
import { logIndex, rangeId, replicaId, type RangeId } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type FoundRange, type Pair, type Split, type Storage } from '../src/index.ts'
import {
  append,
  applied,
  bytes,
  deps,
  entry,
  hard,
  newReplica,
  OTHER,
  pairsOf,
  point,
  R1,
  R2,
  record,
  SELF,
  slotsCleared,
  temporaryFolder,
  text,
} from './fixtures.ts'
import { openGated, type Operations } from './gated.ts'

const boundaryOf = (storage: Storage, range: RangeId) => {
  const { start, end } = storage.data.range(range).record.boundary
  return [start && text(start), end && text(end)]
}

/** One range with these keys, flushed, at entry `keys + 1`. */
async function prepare(storage: Storage, keys: readonly string[] = ['a', 'b', 'c', 'd']): Promise<void> {
  await storage.createReplica(R1, newReplica())
  for (const key of keys) await put(storage, R1, key, '1')
  await storage.data.flushNow()
}

async function put(storage: Storage, range: RangeId, key: string, value: string): Promise<void> {
  const index = storage.log.lastIndex(range) + 1
  await append(storage, range, entry(index, 1, `${key}=${value}`))
  putNow(storage, range, key, value)
}

function putNow(storage: Storage, range: RangeId, key: string, value: string): void {
  const data = storage.data.range(range)
  data.put('user', bytes(key), bytes(value))
  data.setApplied(applied(data.record.applied.index + 1, 1))
}

const splitAt = (index: number, key: string, more: Partial<Split> = {}, local: readonly Pair[] = []): Split => ({
  at: applied(index, 1),
  key: bytes(key),
  leftState: bytes('left'),
  right: {
    range: R2,
    replica: replicaId(1),
    snapshot: point(1, 1),
    hardState: hard(1, null, 1),
    state: bytes('right'),
    local,
  },
  ...more,
})

/** Logs the split entry and applies it. */
async function split(storage: Storage, key: string, local: readonly Pair[] = []): Promise<FoundRange | null> {
  const index = storage.log.lastIndex(R1) + 1
  await append(storage, R1, entry(index, 1, `split ${key}`))
  return storage.split(R1, splitAt(index, key, {}, local))
}

const bothHalves = async (storage: Storage): Promise<string[][]> => [
  await pairsOf(storage, R1),
  await pairsOf(storage, R2),
]

describe('split', () => {
  test('gives two ranges at once, writable both, and the same after a restart', async () => {
    await using folder = await temporaryFolder()
    let { storage } = await openGated(folder.path)
    await prepare(storage)
    await put(storage, R1, 'c', 'not flushed')
    const found = await split(storage, 'c', [[bytes('request 1'), bytes('reply 1')]])
    expect(found).toMatchObject({ range: R2, replica: 1, state: 'ok', lastIndex: 1, hardState: hard(1, null, 1) })
    expect(await bothHalves(storage)).toEqual([
      ['a=1', 'b=1'],
      ['c=not flushed', 'd=1'],
    ])
    await Promise.all([put(storage, R1, 'b', '2'), put(storage, R2, 'd', '2'), put(storage, R2, 'e', '2')])
    for (let round = 0; round < 2; round++) {
      expect(await bothHalves(storage)).toEqual([
        ['a=1', 'b=2'],
        ['c=not flushed', 'd=2', 'e=2'],
      ])
      expect([boundaryOf(storage, R1), boundaryOf(storage, R2)]).toEqual([
        [null, 'c'],
        ['c', null],
      ])
      expect(text(storage.data.range(R2).get('local', bytes('request 1')))).toBe('reply 1')
      expect(text(storage.data.range(R1).get('local', bytes('request 1')))).toBeUndefined()
      await storage.close()
      storage = (await openGated(folder.path)).storage
      expect(storage.found).toMatchObject([
        { range: R1, state: 'ok', lastIndex: 8 },
        { range: R2, state: 'ok', lastIndex: 3 },
      ])
    }
    expect(text(storage.data.range(R1).record.state)).toBe('left')
    expect(text(storage.data.range(R2).record.state)).toBe('right')
    await storage.close()
  })

  test('a view from before shows the range from before', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    await using view = storage.data.range(R1).readView()
    await split(storage, 'c')
    putNow(storage, R2, 'c', 'new')
    await storage.data.flushNow()
    expect(await pairsOf(view)).toEqual(['a=1', 'b=1', 'c=1', 'd=1'])
    expect(view.record.boundary).toEqual({ start: null, end: null })
    await storage.close()
  })

  test('belongs to its entry: what was put in the same step comes or goes with it', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(6, 1, 'split'))
    storage.data.range(R1).put('local', bytes('request'), bytes('reply'))
    storage.split(R1, splitAt(6, 'b'))
    await storage.data.flushNow()
    expect(storage.data.flushedApplied(R1)).toBe(6)
    expect(text(storage.data.range(R1).get('local', bytes('request')))).toBe('reply')
    await storage.close()
  })

  test('at a key outside of the range, or at its start, is a broken invariant', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    await split(storage, 'c')
    for (const key of ['', 'c', 'd']) expect(() => storage.split(R1, splitAt(9, key))).toThrow('outside')
    expect(() => storage.split(R2, splitAt(9, 'c'))).toThrow('outside')
    await storage.close()
  })

  test('a thousand times: every range has its key, before and after a restart', async () => {
    await using folder = await temporaryFolder()
    let { storage } = await openGated(folder.path)
    const names = Array.from({ length: 1001 }, (_, i) => `key${String(i).padStart(4, '0')}`)
    await storage.createReplica(R1, newReplica())
    for (const name of names) {
      storage.log.append(R1, { entries: [entry(storage.log.lastIndex(R1) + 1, 1, name)] }, () => {})
      putNow(storage, R1, name, name)
    }
    // From the right end to the left: always the same range is split.
    const ranges = names.map((_, i) => (i === 0 ? R1 : rangeId(1n, BigInt(i + 1))))
    for (let i = 1000; i > 0; i--) {
      const index = storage.log.lastIndex(R1) + 1
      storage.log.append(R1, { entries: [entry(index, 1, 'split')] }, () => {})
      const { right, ...at } = splitAt(index, names[i] as string)
      storage.split(R1, { ...at, right: { ...right, range: ranges[i] as RangeId } })
    }
    await Promise.all([storage.log.flush(), storage.data.flushNow()])
    for (let round = 0; round < 2; round++) {
      for (const [i, range] of ranges.entries())
        expect(await pairsOf(storage, range)).toEqual([`${names[i]}=${names[i]}`])
      await storage.close()
      storage = (await openGated(folder.path)).storage
      expect(storage.found).toHaveLength(1001)
      expect(storage.found.filter(({ state }) => state !== 'ok')).toEqual([])
    }
    await slotsCleared(storage)
    expect(await pairsOf(storage, ranges[500] as RangeId)).toHaveLength(1)
    await storage.close()
  })

  test('costs the same whatever the number of keys', async () => {
    const costs: Operations[][] = []
    for (const keys of [10, 5000]) {
      await using folder = await temporaryFolder()
      const { storage, gates } = await openGated(folder.path)
      const name = (i: number): string => `key${String(i).padStart(6, '0')}`
      await prepare(storage, [])
      for (let i = 0; i < keys; i++) {
        storage.log.append(R1, { entries: [entry(i + 2, 1, 'x')] }, () => {})
        putNow(storage, R1, name(i), 'x')
      }
      await append(storage, R1, entry(keys + 2, 1, 'split'))
      await storage.data.flushNow()
      const before = [gates.log, gates.data].map(({ operations }) => ({ ...operations }))
      storage.split(R1, splitAt(keys + 2, name(keys / 2)))
      await storage.data.flushNow()
      await storage.log.flush()
      const after = [gates.log, gates.data].map(({ operations }) => operations)
      costs.push(
        after.map((operations, at) => {
          const was = before[at] as Operations
          const spent = { ...operations }
          for (const what of Object.keys(spent) as (keyof Operations)[]) spent[what] -= was[what]
          return spent
        }),
      )
      expect((await pairsOf(storage, R2)).length).toBe(keys / 2)
      await storage.close()
    }
    expect(costs[0]).toEqual(costs[1])
    expect(costs[0]?.[1]).toMatchObject({ writes: 1, gets: 0, iterators: 0, deletes: 0 })
    expect(costs[0]?.[1]?.puts).toBeLessThan(8)
  })
})

describe('a crash', () => {
  test('before anything of the split is on disk leaves the left range alone, and its entry to replay', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(6, 1, 'split'))
    gates.log.set('failing')
    storage.split(R1, splitAt(6, 'c'))
    await expect(storage.data.flushNow()).rejects.toMatchObject({ code: 'StorageFailed' })
    await crash()
    const again = (await openGated(folder.path)).storage
    expect(again.found).toMatchObject([
      { range: R1, state: 'ok', data: { applied: { index: 5 }, boundary: { start: null, end: null } } },
    ])
    expect(await pairsOf(again, R1)).toEqual(['a=1', 'b=1', 'c=1', 'd=1'])
    expect(again.split(R1, splitAt(6, 'c'))).toMatchObject({ range: R2, hardState: hard(1, null, 1) })
    await again.close()
  })

  test('behind the log record of the right half and before the flush leaves the left range as it was and the right one its vote', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(6, 1, 'split'))
    gates.data.set('held')
    storage.split(R1, splitAt(6, 'c'))
    await new Promise<void>((resolve) => storage.log.append(R2, { hardState: hard(4, OTHER, 1) }, resolve))
    let acknowledged = false
    storage.log.append(R2, { entries: [entry(2, 4, 'worth nothing yet')] }, () => (acknowledged = true))
    await storage.log.flush()
    expect(acknowledged).toBe(false)
    await crash()

    const second = await openGated(folder.path)
    expect(second.storage.found).toMatchObject([
      { range: R1, state: 'ok', data: { applied: { index: 5 } } },
      { range: R2, state: 'ok', replica: 1, data: null, lastIndex: 0, hardState: hard(4, OTHER, 0) },
    ])
    // Once more, and this time it lasts; the vote is not forgotten.
    const right = second.storage.split(R1, splitAt(6, 'c'))
    expect(right).toMatchObject({ lastIndex: 1, hardState: hard(4, OTHER, 1), data: { applied: { index: 1 } } })
    await second.storage.data.flushNow()
    await second.crash()
    const third = (await openGated(folder.path)).storage
    expect(third.found).toMatchObject([
      { range: R1, state: 'ok' },
      { range: R2, state: 'ok', lastIndex: 1, hardState: hard(4, OTHER, 1), data: { applied: { index: 1 } } },
    ])
    expect(await bothHalves(third)).toEqual([
      ['a=1', 'b=1'],
      ['c=1', 'd=1'],
    ])
    await third.close()
  })

  test('behind the flush and before the log knows of it leaves both halves, and what the right one acknowledged', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates, crash } = await openGated(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(6, 1, 'split'))
    gates.data.set('held')
    storage.split(R1, splitAt(6, 'c'))
    let acknowledged = false
    storage.log.append(R2, { entries: [entry(2, 1, 'e=2')] }, () => {
      acknowledged = true
      // The next write of the log would be the one that takes the note of the split out.
      gates.log.set('failing')
    })
    await storage.log.flush()
    expect(acknowledged).toBe(false)
    gates.data.set('open')
    await storage.data.flushNow()
    expect(acknowledged).toBe(true)
    await crash()
    const again = (await openGated(folder.path)).storage
    expect(again.found).toMatchObject([
      { range: R1, state: 'ok', data: { applied: { index: 6 } } },
      { range: R2, state: 'ok', lastIndex: 2, data: { applied: { index: 1 } } },
    ])
    await put(again, R2, 'd', '2')
    expect(await bothHalves(again)).toEqual([
      ['a=1', 'b=1'],
      ['c=1', 'd=2'],
    ])
    await again.close()
  })

  test.each([
    ['', {}],
    [' also when every change is a batch of its own', { flushBytesSoft: 1 }],
  ])('after any write of a split leaves one of the two, never a mixture, never damage%s', async (_, options) => {
    const outcomes = new Set<string>()
    for (let writes = 0; writes < 8; writes++) {
      const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
      const openOn = (): Promise<Storage> =>
        openMemoryStorage(disks, { cluster: 'test', onPoison: () => {}, ...options }, deps)
      const before = await openOn()
      await prepare(before)
      await append(before, R1, entry(6, 1, 'split'))
      let left = writes
      for (const disk of [disks.log, disks.data]) disk.beforeWrite = () => left-- > 0
      before.split(R1, splitAt(6, 'c'))
      before.log.append(R2, { hardState: hard(2, SELF, 1), entries: [entry(2, 2, 'x')] }, () => {})
      await Promise.allSettled([before.data.flushNow(), before.log.flush()])
      await before.close()
      for (const disk of [disks.log, disks.data]) {
        disk.beforeWrite = () => true
        disk.crash()
      }
      const after = await openOn()
      const found = after.found.map(({ state, data, lastIndex }) => `${state} ${data?.applied.index} ${lastIndex}`)
      expect(['ok 5 6', 'ok 5 6, ok undefined 0', 'ok 6 6, ok 1 2']).toContain(found.join(', '))
      outcomes.add(found.join(', '))
      await after.close()
    }
    expect([...outcomes].sort()).toEqual(['ok 5 6', 'ok 5 6, ok undefined 0', 'ok 6 6, ok 1 2'])
  })
})

describe('the right half', () => {
  test('is not durable before its log is: the flush waits, and nothing else', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates } = await openGated(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(6, 1, 'split'), entry(7, 1, 'b=2'))
    gates.log.set('held')
    let durable = false
    storage.split(R1, splitAt(6, 'c', { onDurable: () => (durable = true) }))
    putNow(storage, R1, 'b', '2')
    const flushed = storage.data.flushNow()
    // A snapshot's chunk does not care.
    const load = await storage.data.beginLoad(R1)
    await load.add('user', [[bytes('k'), bytes('v')]])
    expect([durable, storage.data.flushedApplied(R1)]).toEqual([false, 5])
    expect(await pairsOf(storage, R1)).toEqual(['a=1', 'b=2'])
    gates.log.set('open')
    await flushed
    expect([durable, storage.data.flushedApplied(R1)]).toEqual([true, 7])
    load.abandon()
    await storage.close()
  })

  test('keeps the term and vote of a replica that has only voted, and takes a higher term', async () => {
    for (const [voted, expected] of [
      [hard(6, OTHER), hard(6, OTHER, 1)],
      [hard(1, OTHER), hard(1, OTHER, 1)],
      [hard(0), hard(1, null, 1)],
    ] as const) {
      await using folder = await temporaryFolder()
      const { storage } = await openGated(folder.path)
      await prepare(storage)
      await storage.createReplica(R2, { replica: replicaId(1), hardState: voted, snapshot: point(0, 0), data: null })
      expect(await split(storage, 'c')).toMatchObject({ hardState: expected, snapshot: point(1, 1), lastIndex: 1 })
      expect(storage.log.snapshot(R2)).toEqual(point(1, 1))
      await storage.close()
    }
  })

  test.each([
    [
      'initialised',
      async (storage: Storage) => {
        await storage.createReplica(R2, {
          ...newReplica(4),
          data: { ...record(1, 1), boundary: { start: bytes('c'), end: null } },
        })
        putNow(storage, R2, 'd', 'newer')
      },
      ['d=newer'],
    ],
    [
      'destroyed',
      async (storage: Storage) => {
        await storage.createReplica(R2, newReplica(1))
        await storage.destroyReplica(R2, replicaId(1))
      },
      null,
    ],
    [
      'a newer replica',
      (storage: Storage) =>
        storage.createReplica(R2, { replica: replicaId(9), hardState: hard(3), snapshot: point(0, 0), data: null }),
      null,
    ],
    [
      'damaged',
      async (storage: Storage) => {
        await storage.createReplica(R2, {
          replica: replicaId(1),
          hardState: hard(3),
          snapshot: point(0, 0),
          data: null,
        })
        await storage.markDamaged(R2, 'told by a test')
      },
      null,
    ],
  ] as const)(
    'that is %s here already stays as it is: the left range only gives its part up',
    async (_, make, theirs) => {
      await using folder = await temporaryFolder()
      let { storage, crash } = await openGated(folder.path)
      await prepare(storage)
      await make(storage)
      expect(await split(storage, 'c')).toBeNull()
      await storage.data.flushNow()
      await slotsCleared(storage)
      await crash()
      ;({ storage, crash } = await openGated(folder.path))
      expect(await pairsOf(storage, R1)).toEqual(['a=1', 'b=1'])
      expect(boundaryOf(storage, R1)).toEqual([null, 'c'])
      if (theirs === null) expect(storage.data.has(R2)).toBe(false)
      else expect(await pairsOf(storage, R2)).toEqual(theirs)
      expect(storage.data.stats.slotsToClear).toBe(0)
      await storage.close()
    },
  )

  test('that gets a snapshot in this moment stays as it is', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path)
    await prepare(storage)
    await storage.createReplica(R2, { replica: replicaId(1), hardState: hard(3), snapshot: point(0, 0), data: null })
    const load = await storage.data.beginLoad(R2)
    await load.add('user', [[bytes('d'), bytes('snapshot')]])
    const boundary = { start: bytes('c'), end: null }
    const installed = storage.install(R2, { snapshot: point(80, 3), load, record: { ...record(80, 3), boundary } })
    await append(storage, R1, entry(6, 1, 'split'))
    expect(storage.split(R1, splitAt(6, 'c'))).toBeNull()
    await installed
    expect(await bothHalves(storage)).toEqual([['a=1', 'b=1'], ['d=snapshot']])
    expect(storage.log.lastIndex(R2)).toBe(logIndex(80))
    await storage.close()
  })

  test('destroyed at once stays destroyed', async () => {
    await using folder = await temporaryFolder()
    let { storage, crash } = await openGated(folder.path)
    await prepare(storage)
    await split(storage, 'c')
    await storage.destroyReplica(R2, replicaId(1))
    await slotsCleared(storage)
    await crash()
    ;({ storage, crash } = await openGated(folder.path))
    expect(storage.found).toMatchObject([{ range: R1, state: 'ok' }])
    expect(storage.log.tombstone(R2)).toBe(1)
    expect(await pairsOf(storage, R1)).toEqual(['a=1', 'b=1'])
    await storage.close()
  })

  test('survives the end of the left replica right behind the split', async () => {
    await using folder = await temporaryFolder()
    let { storage, crash } = await openGated(folder.path)
    await prepare(storage)
    await split(storage, 'c')
    await storage.destroyReplica(R1, replicaId(1))
    await slotsCleared(storage)
    await crash()
    ;({ storage, crash } = await openGated(folder.path))
    expect(storage.found).toMatchObject([{ range: R2, state: 'ok', lastIndex: 1 }])
    expect(await pairsOf(storage, R2)).toEqual(['c=1', 'd=1'])
    await storage.close()
  })
})
