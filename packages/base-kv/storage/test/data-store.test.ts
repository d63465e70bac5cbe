import { describe, expect, test } from '@jest/globals'
import { logIndex, type RangeId } from '@base-kv/base'
import { openMemoryStorage, MemoryDisk, type RangeView, type Storage } from '../src/index.ts'
import {
  all,
  append,
  applied,
  asText,
  bytes,
  deps,
  entry,
  newReplica,
  open,
  R1,
  R2,
  temporaryFolder,
  text,
} from './fixtures.ts'

/** Each test on LevelDB and in memory. */
const stores: { name: string; use: (run: (reopen: () => Promise<Storage>) => Promise<void>) => Promise<void> }[] = [
  {
    name: 'LevelDB',
    async use(run) {
      await using folder = await temporaryFolder()
      await run(() => open(folder.path))
    },
  },
  {
    name: 'memory',
    async use(run) {
      const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
      await run(() => openMemoryStorage(disks, { cluster: 'test', onPoison: () => {} }, deps))
    },
  },
]

const whole = { start: null, end: null }

/** Logs and applies puts ("k=v") and deletes ("k"), one entry. */
async function apply(storage: Storage, range: RangeId, ...changes: string[]): Promise<void> {
  const index = storage.log.lastIndex(range) + 1
  await append(storage, range, entry(index, 1, changes.join(' ')))
  applyNow(storage, range, index, ...changes)
}

function applyNow(storage: Storage, range: RangeId, index: number, ...changes: string[]): void {
  const data = storage.data.range(range)
  for (const change of changes) {
    const [key, value] = change.split('=') as [string, string?]
    if (value === undefined) data.delete('user', bytes(key))
    else data.put('user', bytes(key), bytes(value))
  }
  data.setApplied(applied(index, 1))
}

const scan = async (view: RangeView, options = {}): Promise<string[]> =>
  asText(await all(view.scan('user', { ...whole, ...options })))

describe.each(stores)('data store on $name', ({ use }) => {
  test('reads see puts at once, flushed or not, and after a restart', () =>
    use(async (reopen) => {
      let storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await apply(storage, R1, 'a=1', 'b=2', 'c=')
      const read = (): (string | undefined)[] =>
        ['a', 'b', 'c', 'd'].map((key) => text(storage.data.range(R1).get('user', bytes(key))))
      expect(read()).toEqual(['1', '2', '', undefined])
      await storage.data.flushNow()
      expect(read()).toEqual(['1', '2', '', undefined])
      await apply(storage, R1, 'a', 'b=3')
      expect(read()).toEqual([undefined, '3', '', undefined])
      await storage.close()
      storage = await reopen()
      expect(read()).toEqual([undefined, '3', '', undefined])
      await storage.close()
    }))

  test('applied position and state come back with exactly their data', () =>
    use(async (reopen) => {
      let storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await apply(storage, R1, 'a=1')
      storage.data.range(R1).setApplied(applied(2, 1), bytes('state 1'))
      expect(storage.data.flushedApplied(R1)).toBe(1)
      await storage.data.flushNow()
      expect(storage.data.flushedApplied(R1)).toBe(2)
      await storage.close()
      storage = await reopen()
      expect(storage.found).toMatchObject([{ state: 'ok', data: { applied: { index: 2, term: 1 } } }])
      expect(text(storage.data.range(R1).record.state)).toBe('state 1')
      await storage.close()
    }))

  test('local records live beside the keys, outside of scans', () =>
    use(async (reopen) => {
      const storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await apply(storage, R1, 'a=1')
      storage.data.range(R1).put('local', bytes('a'), bytes('local'))
      storage.data.range(R1).setApplied(applied(2, 1))
      await using view = storage.data.range(R1).readView()
      expect(await scan(view)).toEqual(['a=1'])
      expect(asText(await all(view.scan('local', whole)))).toEqual(['a=local'])
      expect(text(storage.data.range(R1).get('local', bytes('a')))).toBe('local')
      await storage.close()
    }))

  test('ranges do not see each other', () =>
    use(async (reopen) => {
      const storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await storage.createReplica(R2, newReplica())
      await apply(storage, R1, 'a=1')
      await apply(storage, R2, 'b=2')
      await using view = storage.data.range(R2).readView()
      expect(await scan(view)).toEqual(['b=2'])
      expect(storage.data.range(R1).get('user', bytes('b'))).toBeUndefined()
      await storage.close()
    }))

  test('a scan merges buffer and engine in key order, both ways, in pages, within bounds', () =>
    use(async (reopen) => {
      const storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await apply(storage, R1, 'a=1', 'c=1', 'e=1', 'g=1', 'i=1')
      await storage.data.flushNow()
      await apply(storage, R1, 'b=2', 'c=2', 'e', 'j=2')
      // A view seals what is in the buffer: the next puts go to another generation.
      await using older = storage.data.range(R1).readView()
      await apply(storage, R1, 'b=3', 'e=3', 'g', 'a')
      await using view = storage.data.range(R1).readView()
      const expected = ['b=3', 'c=2', 'e=3', 'i=1', 'j=2']
      expect(await scan(view)).toEqual(expected)
      expect(await scan(view, { reverse: true })).toEqual(expected.toReversed())
      expect(await scan(view, { pagePairs: 1 })).toEqual(expected)
      expect(await scan(view, { reverse: true, pageBytes: 3 })).toEqual(expected.toReversed())
      expect(await scan(view, { start: bytes('c'), end: bytes('i') })).toEqual(['c=2', 'e=3'])
      expect(await scan(view, { start: bytes('c'), end: bytes('i'), reverse: true })).toEqual(['e=3', 'c=2'])
      expect(await scan(view, { start: bytes('k') })).toEqual([])
      expect(await scan(older)).toEqual(['a=1', 'b=2', 'c=2', 'g=1', 'i=1', 'j=2'])
      expect(text(older.get('user', bytes('g')))).toBe('1')
      expect(older.get('user', bytes('e'))).toBeUndefined()
      await storage.close()
    }))

  test('a flush in the middle of a scan loses no key', () =>
    use(async (reopen) => {
      const storage = await reopen()
      await storage.createReplica(R1, newReplica())
      const keys = 5000
      const name = (i: number): string => `key${String(i).padStart(6, '0')}`
      for (let i = 0; i < keys; i += 2) await applyMany(storage, [`${name(i)}=1`])
      await storage.data.flushNow()
      for (let i = 1; i < keys; i += 2) await applyMany(storage, [`${name(i)}=1`])
      await using view = storage.data.range(R1).readView()
      const iterator = view.scan('user', { ...whole, pagePairs: 100 })
      const seen: string[] = []
      for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
        seen.push(...page.map(([key]) => text(key) as string))
        await applyMany(storage, [`${name(keys - seen.length)}=2`, `zz${seen.length}=new`, name(seen.length)])
        await storage.data.flushNow()
      }
      await iterator.close()
      expect(seen).toEqual(Array.from({ length: keys }, (_, i) => name(i)))
      await storage.close()
    }))

  test('everything put before flushNow is flushed by it, also while a flush is under way', () =>
    use(async (reopen) => {
      const storage = await reopen()
      await storage.createReplica(R1, newReplica())
      await apply(storage, R1, 'a=1')
      const first = storage.data.flushNow()
      await apply(storage, R1, 'b=2')
      const second = storage.data.flushNow()
      await second
      expect(storage.data.flushedApplied(R1)).toBe(3)
      await first
      expect(storage.data.pendingBytes).toBe(0)
      await storage.close()
    }))

  test('a range that nothing is known of is NotFound', () =>
    use(async (reopen) => {
      const storage = await reopen()
      expect(() => storage.data.range(R1)).toThrow(expect.objectContaining({ code: 'NotFound' }))
      await storage.close()
    }))
})

/** Applies without waiting for the log: only the data side is of interest. */
async function applyMany(storage: Storage, changes: string[]): Promise<void> {
  const index = storage.log.lastIndex(R1) + 1
  storage.log.append(R1, { entries: [entry(index, 1, '')] }, () => {})
  applyNow(storage, R1, index, ...changes)
}

describe('write buffer', () => {
  test('is flushed by age', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path, { flushAgeMs: 5 })
    await storage.createReplica(R1, newReplica())
    await apply(storage, R1, 'a=1')
    await new Promise<void>((resolve) => {
      storage.data.onFlushed = resolve
    })
    expect(storage.data.flushedApplied(R1)).toBe(2)
    await storage.close()
  })

  test('is bounded: apply learns that there is no room and when there is again', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path, { flushBytesSoft: 10_000, flushBytesMax: 30_000 })
    await storage.createReplica(R1, newReplica())
    const range = storage.data.range(R1)
    let index = 1
    while (storage.data.hasRoom) {
      storage.log.append(R1, { entries: [entry(++index, 1, '')] }, () => {})
      range.put('user', bytes(`k${index}`), Buffer.alloc(1000))
      range.setApplied(applied(index, 1))
    }
    expect(storage.data.pendingBytes).toBeLessThan(35_000)
    await storage.data.whenRoom()
    expect(storage.data.hasRoom).toBe(true)
    await storage.data.flushNow()
    expect(range.get('user', bytes('k2'))).toHaveLength(1000)
    await storage.close()
  })

  test('an entry is never torn apart: sealing between its puts and its position is a broken invariant', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    const range = storage.data.range(R1)
    range.put('user', bytes('a'), bytes('1'))
    expect(() => range.readView()).toThrow('in one turn')
    range.setApplied({ ...applied(2, 1), index: logIndex(1) })
    await storage.close()
  })
})
