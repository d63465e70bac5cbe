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
