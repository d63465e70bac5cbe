/** Snapshots on their way in, and the crash at every point of it. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { wholeKeySpace } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type Pair, type Storage } from '../src/index.ts'
import {
  all,
  append,
  applied,
  asText,
  bytes,
  deps,
  entry,
  hard,
  newReplica,
  open,
  point,
  R1,
  R2,
  record,
  slotsCleared,
  temporaryFolder,
  text,
} from './fixtures.ts'

const pair = (key: string, value: string): Pair => [bytes(key), bytes(value)]
const whole = { start: null, end: null }

async function scan(storage: Storage): Promise<string[]> {
  await using view = storage.data.range(R1).readView()
  return asText(await all(view.scan('user', whole)))
}

async function prepare(storage: Storage): Promise<void> {
  await storage.createReplica(R1, newReplica())
  storage.log.append(R1, { hardState: hard(3) }, () => {})
  await append(storage, R1, entry(2, 1, 'x'), entry(3, 2, 'y'))
  const range = storage.data.range(R1)
  range.put('user', bytes('old'), bytes('1'))
  range.put('local', bytes('old'), bytes('1'))
  range.setApplied(applied(2, 1), bytes('old state'))
  await storage.data.flushNow()
}

async function install(storage: Storage, index: number, term: number): Promise<void> {
  const load = await storage.data.beginLoad(R1)
  await load.add('user', [pair('a', '1'), pair('b', '2')])
  await load.add('user', [pair('c', '3')])
  await load.add('local', [pair('session', 's')])
  await storage.install(R1, { snapshot: point(index, term), load, record: record(index, term, 'new state') })
}

describe('snapshot', () => {
  test('takes the place of the old state, log and local records', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await prepare(storage)
    await install(storage, 80, 3)
    for (let round = 0; round < 2; round++) {
      expect(await scan(storage)).toEqual(['a=1', 'b=2', 'c=3'])
      const range = storage.data.range(R1)
      expect(range.get('user', bytes('old'))).toBeUndefined()
      expect(range.get('local', bytes('old'))).toBeUndefined()
      expect(text(range.get('local', bytes('session')))).toBe('s')
      expect(text(range.record.state)).toBe('new state')
      expect(storage.log.lastIndex(R1)).toBe(80)
      expect(storage.log.snapshot(R1)).toEqual(point(80, 3))
      await storage.close()
      storage = await open(folder.path)
      expect(storage.found).toMatchObject([{ state: 'ok', lastIndex: 80, hardState: hard(3) }])
    }
    await append(storage, R1, entry(81, 3, 'next'))
    await storage.close()
  })

  test('is refused where it would throw entries away that follow its point: they may be acknowledged', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(4, 3, 'z'))
    await expect(install(storage, 3, 2)).rejects.toThrow('holds entries behind')
    expect(storage.log.lastIndex(R1)).toBe(4)
    await storage.close()
  })

  test('drops a conflicting tail', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await prepare(storage)
    await append(storage, R1, entry(4, 2, 'wrong'))
    await install(storage, 3, 3)
    expect(storage.log.lastIndex(R1)).toBe(3)
    await storage.close()
  })

  test('initialises a replica that had no data', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, { ...newReplica(), snapshot: { ...point(0, 0) }, data: null })
    expect(storage.data.has(R1)).toBe(false)
    storage.log.append(R1, { hardState: hard(3) }, () => {})
    await install(storage, 80, 3)
    expect(await scan(storage)).toEqual(['a=1', 'b=2', 'c=3'])
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'ok', lastIndex: 80 }])
    await storage.close()
  })

  test('an abandoned load leaves nothing, and its slot is never used again', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await prepare(storage)
    const load = await storage.data.beginLoad(R1)
    await load.add('user', [pair('ghost', '1')])
    await storage.close()
    storage = await open(folder.path)
    await install(storage, 80, 3)
    expect(await scan(storage)).toEqual(['a=1', 'b=2', 'c=3'])
    const second = await storage.data.beginLoad(R1)
    await second.add('user', [pair('ghost', '2')])
    second.abandon()
    expect(await scan(storage)).toEqual(['a=1', 'b=2', 'c=3'])
    await storage.close()
  })

  test('a crash after any write of it leaves the old state or the new one, never a mixture, never damage', async () => {
    const outcomes = new Set<string>()
    for (let writes = 0; writes < 12; writes++) {
      const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
      const openOn = (): Promise<Storage> => openMemoryStorage(disks, { cluster: 'test', onPoison: () => {} }, deps)
      const before = await openOn()
      await prepare(before)
      let left = writes
      for (const disk of [disks.log, disks.data]) disk.beforeWrite = () => left-- > 0
      await install(before, 80, 3).catch(() => {})
      for (const disk of [disks.log, disks.data]) {
        disk.beforeWrite = () => true
        disk.crash()
      }
      const after = await openOn()
      expect(after.found).toMatchObject([{ state: 'ok' }])
      const pairs = (await scan(after)).join(' ')
      const state = text(after.data.range(R1).record.state)
      const last = after.log.lastIndex(R1)
      const outcome = `${state}: ${pairs}, log to ${last}`
      expect(['old state: old=1, log to 3', 'new state: a=1 b=2 c=3, log to 80']).toContain(outcome)
      outcomes.add(outcome)
      await after.close()
    }
    expect(outcomes.size).toBe(2)
  })
})

describe('a load whose sender was cut off', () => {
  const key = 'snapshot 80@3, host h, view 7'

  async function fresh(storage: Storage, resumeKey?: string): Promise<void> {
    const load = await storage.data.beginLoad(R1, resumeKey === undefined ? {} : { resumeKey })
    expect(load.position).toBeNull()
  }

  test('goes on behind its last durable pair', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await prepare(storage)
    const cut = await storage.data.beginLoad(R1, { resumeKey: key })
    expect(cut.position).toBeNull()
    await cut.add('user', [pair('a', '1'), pair('b', '2')])
    const unfinished = cut.add('user', [pair('c', '3')])
    cut.suspend()
    const load = await storage.data.beginLoad(R1, { resumeKey: key })
    expect(['b', 'c']).toContain(text(load.position?.key))
    await unfinished
    expect(load.position).toEqual({ space: 'user', key: bytes('c') })
    await load.add('local', [pair('session', 's')])
    expect(load.position?.space).toBe('local')
    await storage.install(R1, { snapshot: point(80, 3), load, record: record(80, 3, 'new state') })
    await slotsCleared(storage)
    expect(await scan(storage)).toEqual(['a=1', 'b=2', 'c=3'])
    await storage.close()
  })

  test.each([
    ['another snapshot begins', (storage: Storage) => fresh(storage, 'another')],
    ['a snapshot without a name begins', (storage: Storage) => fresh(storage)],
    ['another one is installed', (storage: Storage) => install(storage, 80, 3)],
    ['the replica is destroyed', (storage: Storage) => storage.destroyReplica(R1, newReplica().replica)],
  ])('starts over once %s', async (_, happens) => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await prepare(storage)
    const cut = await storage.data.beginLoad(R1, { resumeKey: key })
    await cut.add('user', [pair('ghost', '1')])
    cut.suspend()
    await happens(storage)
    const load = await storage.data.beginLoad(R1, { resumeKey: key })
    expect(load.position).toBeNull()
    load.abandon()
    await slotsCleared(storage)
    await storage.close()
  })

  test('starts over after a restart, and without a name at once', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await prepare(storage)
    for (const options of [{ resumeKey: key }, {}]) {
      const cut = await storage.data.beginLoad(R1, options)
      await cut.add('user', [pair('ghost', '1')])
      cut.suspend()
      if (options.resumeKey === undefined) expect((await storage.data.beginLoad(R1, options)).position).toBeNull()
      await storage.close()
      storage = await open(folder.path)
      expect((await storage.data.beginLoad(R1, options)).position).toBeNull()
    }
    await slotsCleared(storage)
    await storage.close()
  })
})

describe('a snapshot of a range that took others over', () => {
  const half = (start: string | null, end: string | null) => ({
    ...newReplica(),
    data: {
      ...record(1, 1),
      boundary: { start: start === null ? null : bytes(start), end: end === null ? null : bytes(end) },
    },
  })

  /** R1 up to c, R2 from c on; then a snapshot of R1 from when it had absorbed R2. */
  async function prepareTwo(storage: Storage): Promise<void> {
    await storage.createReplica(R1, half(null, 'c'))
    await storage.createReplica(R2, half('c', null))
    for (const [range, key] of [
      [R1, 'a'],
      [R2, 'x'],
    ] as const) {
      await append(storage, range, entry(2, 1, 'x'))
      storage.data.range(range).put('user', bytes(key), bytes('old'))
      storage.data.range(range).setApplied(applied(2, 1))
    }
    await storage.data.flushNow()
  }

  async function installBoth(storage: Storage): Promise<void> {
    const load = await storage.data.beginLoad(R1)
    await load.add('user', [pair('a', 'new'), pair('y', 'new')])
    await storage.install(R1, { snapshot: point(80, 3), load, record: record(80, 3), replaces: [R2] })
  }

  test('takes their place, too: their keys, logs and records are gone', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await prepareTwo(storage)
    await installBoth(storage)
    await slotsCleared(storage)
    for (let round = 0; round < 2; round++) {
      expect(await scan(storage)).toEqual(['a=new', 'y=new'])
      expect([storage.data.has(R2), storage.log.tombstone(R2)]).toEqual([false, 1])
      await storage.close()
      storage = await open(folder.path)
      expect(storage.found).toMatchObject([{ range: R1, state: 'ok', lastIndex: 80 }])
    }
    await storage.close()
  })

  test('a crash after any write of it leaves all of them or the new one alone', async () => {
    const outcomes = new Set<string>()
    for (let writes = 0; writes < 14; writes++) {
      const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
      const openOn = (): Promise<Storage> => openMemoryStorage(disks, { cluster: 'test', onPoison: () => {} }, deps)
      const before = await openOn()
      await prepareTwo(before)
      let left = writes
      for (const disk of [disks.log, disks.data]) disk.beforeWrite = () => left-- > 0
      await installBoth(before).catch(() => {})
      for (const disk of [disks.log, disks.data]) {
        disk.beforeWrite = () => true
        disk.crash()
      }
      const after = await openOn()
      const found = after.found.map(({ range, state, lastIndex }) => `${range} ${state} ${lastIndex}`)
      const outcome = `${found.join(', ')}: ${(await scan(after)).join(' ')}`
      expect(['1_1 ok 2, 1_2 ok 2: a=old', '1_1 ok 80: a=new y=new']).toContain(outcome)
      outcomes.add(outcome)
      await after.close()
    }
    expect(outcomes.size).toBe(2)
  })
})

describe('slots', () => {
  test('what nobody refers to is cleared in the background, also after a crash', async () => {
    await using folder = await temporaryFolder()
    const first = join(folder.path, 'first')
    let storage = await open(first)
    await prepare(storage)
    const load = await storage.data.beginLoad(R1)
    for (let chunk = 0; chunk < 5; chunk++) {
      await load.add(
        'user',
        Array.from({ length: 500 }, (_, i) => pair(`k${chunk}-${i}`, 'x'.repeat(100))),
      )
    }
    await storage.log.flush()
    // A copy of the folder is what a crash at this moment leaves.
    const second = join(folder.path, 'second')
    await cp(first, second, { recursive: true })
    await storage.close()
    storage = await open(second)
    await slotsCleared(storage)
    expect(storage.found).toMatchObject([{ state: 'ok', data: { boundary: wholeKeySpace } }])
    await storage.close()
  })
})
