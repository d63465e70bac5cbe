import { describe, expect, test } from '@jest/globals'
import { logIndex, replicaId } from '@base-kv/base'
import type { Storage } from '../src/index.ts'
import {
  append,
  entry,
  hard,
  newReplica,
  open,
  OTHER,
  point,
  R1,
  R2,
  record,
  SELF,
  temporaryFolder,
  text,
} from './fixtures.ts'

const read = (storage: Storage, from: number, to: number, bytesMax = 1 << 20) =>
  storage.log
    .reader(R1)
    .entries(logIndex(from), logIndex(to), bytesMax)
    .map(({ index, term, data }) => `${index}@${term}:${text(data)}`)

describe('log store', () => {
  test('entries are readable once handed over and there after a restart', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    const done = append(storage, R1, entry(2, 1, 'a'), entry(3, 1, 'b'))
    expect(read(storage, 2, 9)).toEqual(['2@1:a', '3@1:b'])
    await done
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ range: R1, state: 'ok', lastIndex: 3 }])
    expect(read(storage, 2, 9)).toEqual(['2@1:a', '3@1:b'])
    await storage.close()
  })

  test('entries of a term that the replica never recorded are damage: its vote is lost', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    await append(storage, R1, entry(2, 3, 'c'))
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ range: R1, state: 'damaged', reason: expect.stringContaining('term 3') }])
    expect(() => storage.log.append(R1, { hardState: hard(4, SELF) }, () => {})).toThrow('is damaged')
    await storage.close()
  })

  test('term, vote, commit and configuration survive', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    await new Promise<void>((resolve) => {
      storage.log.append(R1, { hardState: hard(7, OTHER, 3), entries: [entry(2, 5, 'a'), entry(3, 7, 'b')] }, resolve)
    })
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toEqual([
      {
        range: R1,
        replica: replicaId(1),
        state: 'ok',
        reason: '',
        hardState: hard(7, OTHER, 3),
        snapshot: point(1, 1),
        lastIndex: 3,
        data: record(1, 1),
      },
    ])
    expect(read(storage, 2, 3)).toEqual(['2@5:a', '3@7:b'])
    expect(storage.log.reader(R1).term(logIndex(2))).toBe(5)
    expect(storage.log.reader(R1).term(logIndex(3))).toBe(7)
    await storage.close()
  })

  test('a conflict deletes the tail in the same batch', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    await append(storage, R1, entry(2, 1, 'a'), entry(3, 1, 'b'), entry(4, 1, 'c'))
    await new Promise<void>((resolve) => {
      const change = { hardState: hard(2), truncateFrom: logIndex(3), entries: [entry(3, 2, 'x')] }
      storage.log.append(R1, change, resolve)
      expect(read(storage, 2, 9)).toEqual(['2@1:a', '3@2:x'])
    })
    await storage.close()
    storage = await open(folder.path)
    expect(read(storage, 2, 9)).toEqual(['2@1:a', '3@2:x'])
    expect(storage.found).toMatchObject([{ state: 'ok', lastIndex: 3 }])
    await storage.close()
  })

  test('callbacks come in order, one sync serves all ranges, the disk is told busy meanwhile', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    await storage.createReplica(R2, newReplica())
    await storage.log.flush()
    const before = storage.log.stats.flushes
    const order: string[] = []
    expect(storage.log.busySinceMs).toBeNull()
    const last = new Promise<void>((resolve) => {
      storage.log.append(R1, { entries: [entry(2, 1, 'a')] }, () => order.push('first'))
      storage.log.append(R2, { entries: [entry(2, 1, 'a')] }, () => order.push('second'))
      storage.log.append(R1, {}, () => order.push('nothing'))
      storage.log.append(R1, { entries: [entry(3, 1, 'b')] }, () => (order.push('last'), resolve()))
    })
    await Promise.resolve()
    expect(storage.log.busySinceMs).not.toBeNull()
    await last
    expect(order).toEqual(['first', 'second', 'nothing', 'last'])
    expect(storage.log.stats.flushes).toBe(before + 1)
    await storage.close()
  })

  test('what beforeFlush appends rides in the batch that is being cut', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    await storage.log.flush()
    const before = storage.log.stats.flushes
    let next = 3
    storage.log.beforeFlush = () => {
      if (next <= 4) storage.log.append(R1, { entries: [entry(next++, 1, 'held back')] }, () => {})
    }
    await append(storage, R1, entry(2, 1, 'a'))
    await storage.log.flush()
    expect(storage.log.lastIndex(R1)).toBe(4)
    expect(storage.log.stats.flushes).toBe(before + 2)
    await storage.close()
  })

  test('compaction forgets entries, keeps the rest, and survives a restart', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path, { logCacheBytes: 0 })
    await storage.createReplica(R1, newReplica())
    for (let index = 2; index <= 2000; index++)
      storage.log.append(R1, { entries: [entry(index, 1, `v${index}`)] }, () => {})
    await storage.log.flush()
    const range = storage.data.range(R1)
    range.setApplied({ index: logIndex(1990), term: storage.log.reader(R1).term(logIndex(1990)) })
    await storage.data.flushNow()
    const bytesBefore = storage.log.bytes(R1)
    storage.log.compact(R1, point(1900, 1))
    expect(() => read(storage, 1900, 1900)).toThrow('compacted away')
    expect(storage.log.bytes(R1)).toBeLessThan(bytesBefore)
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'ok', snapshot: point(1900, 1), lastIndex: 2000 }])
    expect(read(storage, 1901, 1902)).toEqual(['1901@1:v1901', '1902@1:v1902'])
    await storage.close()
  })

  test('readers get at least one entry, then stop at the bytes', async () => {
    await using folder = await temporaryFolder()
    for (const logCacheBytes of [0, 1 << 20]) {
      const storage = await open(`${folder.path}/${logCacheBytes}`, { logCacheBytes })
      await storage.createReplica(R1, newReplica())
      await append(storage, R1, entry(2, 1, 'x'.repeat(100)), entry(3, 1, 'y'.repeat(100)), entry(4, 1, 'z'))
      expect(read(storage, 2, 4, 1)).toHaveLength(1)
      expect(read(storage, 2, 4, 200)).toHaveLength(2)
      expect(read(storage, 2, 4, 201)).toHaveLength(3)
      expect(read(storage, 4, 9, 1)).toEqual(['4@1:z'])
      await storage.close()
    }
  })

  test('a term never goes back and a vote never changes within it', async () => {
    await using folder = await temporaryFolder()
    const storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    storage.log.append(R1, { hardState: hard(4, SELF) }, () => {})
    expect(() => storage.log.append(R1, { hardState: hard(3) }, () => {})).toThrow('goes back')
    expect(() => storage.log.append(R1, { hardState: hard(4, OTHER) }, () => {})).toThrow('changes its vote')
    expect(() => storage.log.append(R1, { entries: [entry(3, 4, 'gap')] }, () => {})).toThrow('does not follow')
    await storage.close()
  })

  test('a destroyed replica leaves a tombstone; only a newer one may come back, with nothing of the old', async () => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica(5))
    await append(storage, R1, entry(2, 1, 'old'), entry(3, 1, 'old'))
    await storage.destroyReplica(R1, replicaId(5))
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toEqual([])
    expect(storage.log.tombstone(R1)).toBe(5)
    await expect(storage.createReplica(R1, newReplica(5))).rejects.toThrow('was destroyed here')
    await storage.createReplica(R1, newReplica(9))
    await storage.close()
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ replica: 9, state: 'ok', lastIndex: 1 }])
    await storage.close()
  })
})
