/** The first failed write ends the store. */
import { expect, test } from '@jest/globals'
import type { KvError } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type Storage } from '../src/index.ts'
import { append, applied, bytes, deps, entry, newReplica, R1 } from './fixtures.ts'

async function openFailing(): Promise<{
  storage: Storage
  disks: { log: MemoryDisk; data: MemoryDisk }
  errors: KvError[]
}> {
  const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
  const errors: KvError[] = []
  const storage = await openMemoryStorage(disks, { cluster: 'test', onPoison: (error) => errors.push(error) }, deps)
  await storage.createReplica(R1, newReplica())
  await append(storage, R1, entry(2, 1, 'good'))
  return { storage, disks, errors }
}

test.each(['log', 'data'] as const)(
  'a failed write of %s: nothing more is acknowledged, by either database, and it is told once',
  async (failing) => {
    const { storage, disks, errors } = await openFailing()
    disks[failing].beforeWrite = () => false
    let acknowledged = 0
    storage.log.append(R1, { entries: [entry(3, 1, 'lost')] }, () => acknowledged++)
    storage.data.range(R1).put('user', bytes('a'), bytes('1'))
    storage.data.range(R1).setApplied(applied(2, 1))
    await Promise.allSettled([storage.log.flush(), storage.data.flushNow()])
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'StorageFailed', message: expect.stringContaining(`database ${failing}`) })
    const before = acknowledged

    // The disk works again: LevelDB would acknowledge and then lose what comes now.
    disks[failing].beforeWrite = () => true
    storage.log.append(R1, { entries: [entry(4, 1, 'lost too')] }, () => acknowledged++)
    await expect(storage.log.flush()).rejects.toThrow('database')
    await expect(storage.data.flushNow()).rejects.toThrow('database')
    await expect(storage.data.beginLoad(R1)).rejects.toThrow('database')
    await expect(storage.markDamaged(R1, 'x')).rejects.toThrow('database')
    expect(acknowledged).toBe(before)
    expect(storage.poison).toBe(errors[0])
    expect(errors).toHaveLength(1)
    await storage.close()
  },
)

test('a write that is in flight when the other database fails is not acknowledged either', async () => {
  const { storage, disks, errors } = await openFailing()
  const { synced } = disks.data
  let flushes = 0
  storage.data.onFlushed = () => flushes++
  disks.log.beforeWrite = () => false
  const appended = append(storage, R1, entry(3, 1, 'lost'))
  const logging = storage.log.flush()
  storage.data.range(R1).setApplied(applied(2, 1))
  const flushing = storage.data.flushNow()
  const outcomes = await Promise.allSettled([logging, flushing])
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected'])
  // The write to database data itself returns well.
  while (disks.data.synced === synced) await new Promise((resolve) => setImmediate(resolve))
  const still = Symbol('still waiting')
  expect(await Promise.race([appended, new Promise((resolve) => setImmediate(resolve, still))])).toBe(still)
  expect(storage.data.flushedApplied(R1)).toBe(1)
  expect(flushes).toBe(0)
  expect(errors).toHaveLength(1)
  await storage.close()
})

test('what was acknowledged before is there after the restart', async () => {
  const { storage, disks } = await openFailing()
  disks.log.beforeWrite = () => false
  await Promise.allSettled([append(storage, R1, entry(3, 1, 'lost')), storage.log.flush()].slice(1))
  await storage.close()
  disks.log.crash()
  disks.data.crash()
  disks.log.beforeWrite = () => true
  const again = await openMemoryStorage(disks, { cluster: 'test', onPoison: () => {} }, deps)
  expect(again.found).toMatchObject([{ state: 'ok', lastIndex: 2 }])
  await again.close()
})
