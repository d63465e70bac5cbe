/** A replica goes on under a new id: log and data agree after a crash at any write. */
import { expect, test } from '@jest/globals'
import { replicaId, silentLog } from '@base-kv/base'
import { replicaIdOf } from '@base-kv/raft'
import { MemoryDisk, openMemoryStorage, type Storage } from '../src/index.ts'
import { append, applied, bytes, deps, entry, hard, newReplica, R1, text } from './fixtures.ts'

const NEW = replicaIdOf(1, 4)

async function life(crashAtLog: number): Promise<{ storage: Storage; renewed: boolean }> {
  const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
  const open = () =>
    openMemoryStorage(disks, { cluster: 'test', onPoison: () => {}, flushAgeMs: 60_000 }, { ...deps, log: silentLog })
  const before = await open()
  await before.createReplica(R1, newReplica(1))
  await append(before, R1, entry(2, 1, 'a'), entry(3, 1, 'b'))
  before.data.range(R1).put('user', bytes('k'), bytes('v'))
  before.data.range(R1).setApplied(applied(2, 1))
  await before.data.flushNow()
  if (crashAtLog > 0) {
    await before.renewReplica(R1, { replica: NEW, hardState: hard(9, null, 2), entries: [entry(4, 9, 'alone')] })
  }
  if (crashAtLog > 1) await before.data.flushNow()
  for (const disk of [disks.log, disks.data]) disk.beforeWrite = () => false
  await before.close()
  for (const disk of [disks.log, disks.data]) {
    disk.beforeWrite = () => true
    disk.crash()
  }
  return { storage: await open(), renewed: crashAtLog > 0 }
}

test.each([0, 1, 2])('a crash after %i of the two steps', async (steps) => {
  const { storage, renewed } = await life(steps)
  const [found] = storage.found
  expect(found).toMatchObject({
    state: 'ok',
    replica: renewed ? NEW : replicaId(1),
    lastIndex: renewed ? 4 : 3,
    hardState: { term: renewed ? 9 : 1 },
  })
  expect(text(storage.data.range(R1).get('user', bytes('k')))).toBe('v')
  // Under the new id it is a replica like any other.
  await storage.data.flushNow()
  await storage.destroyReplica(R1, found!.replica)
  expect(storage.log.tombstone(R1)).toBe(found!.replica)
  expect(storage.data.has(R1)).toBe(false)
  await storage.close()
})
