/** Ranges of many segments are moved into one slot while they are read and written. */
import { describe, expect, test } from '@jest/globals'
import { logIndex, rangeId, replicaId, type RangeId } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type Storage } from '../src/index.ts'
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

const PARTS = 8
const KEYS = 5
const options = { cluster: 'test', onPoison: () => {}, segmentsMax: 4 }

type Model = Map<string, string>

const expected = (model: Model): string[] => [...model].map(([key, value]) => `${key}=${value}`).sort()

function apply(storage: Storage, model: Model, key: string, value: string | null): void {
  const index = storage.log.lastIndex(R1) + 1
  storage.log.append(R1, { entries: [entry(index, 1, value === null ? key : `${key}=${value}`)] }, () => {})
  const data = storage.data.range(R1)
  if (value === null) {
    data.delete('user', bytes(key))
    model.delete(key)
  } else {
    data.put('user', bytes(key), bytes(value))
    model.set(key, value)
  }
  data.setApplied(applied(index, 1))
}

/** PARTS ranges in slots of their own, merged into R1: as many segments. */
async function prepare(storage: Storage): Promise<Model> {
  const model: Model = new Map()
  const ranges: RangeId[] = Array.from({ length: PARTS }, (_, i) => (i === 0 ? R1 : rangeId(5n, BigInt(i))))
  for (const [i, range] of ranges.entries()) {
    const start = i === 0 ? null : bytes(`${i}`)
    const end = i === PARTS - 1 ? null : bytes(`${i + 1}`)
    await storage.createReplica(range, { ...newReplica(), data: { ...record(1, 1), boundary: { start, end } } })
    const data = storage.data.range(range)
    for (let key = 0; key < KEYS; key++) {
      data.put('user', bytes(`${i}${key}`), bytes('old'))
      model.set(`${i}${key}`, 'old')
    }
    storage.log.append(range, { entries: [entry(2, 1, 'x')] }, () => {})
    data.setApplied(applied(2, 1))
  }
  await storage.data.flushNow()
  for (const right of ranges.slice(1)) await mergeNext(storage, right)
  await storage.data.flushNow()
  return model
}

async function mergeNext(storage: Storage, right: RangeId): Promise<void> {
  const index = storage.log.lastIndex(R1) + 1
  await append(storage, R1, entry(index, 1, 'marker'))
  storage.merge(R1, { at: applied(index, 1), state: bytes(''), right, frozenAt: logIndex(2) })
}

/** Writes something in every turn until `enough`. */
async function writeUntil(storage: Storage, model: Model, enough: () => boolean): Promise<void> {
  for (let i = 0; !enough(); i++) {
    const key = `${i % PARTS}${(i * 7) % (KEYS + 3)}`
    apply(storage, model, key, i % 5 === 0 ? null : `new ${i}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const iteratorsOf = async (opened: Awaited<ReturnType<typeof openGated>>): Promise<number> => {
  const before = opened.gates.data.operations.iterators
  await pairsOf(opened.storage, R1)
  return opened.gates.data.operations.iterators - before
}

describe('a range of too many segments', () => {
  test('ends in one slot with every change that was made meanwhile, and the old slots are cleared', async () => {
    await using folder = await temporaryFolder()
    let opened = await openGated(folder.path, options)
    const model = await prepare(opened.storage)
    await using old = opened.storage.data.range(R1).readView()
    const before = expected(model)
    const { storage } = opened
    await writeUntil(storage, model, () => storage.data.stats.rewrites === 1)
    expect(await pairsOf(old)).toEqual(before)
    await slotsCleared(storage)
    for (let round = 0; round < 2; round++) {
      expect(await pairsOf(opened.storage, R1)).toEqual(expected(model))
      for (const [key, value] of model) expect(text(opened.storage.data.range(R1).get('user', bytes(key)))).toBe(value)
      expect(await iteratorsOf(opened)).toBe(1)
      await opened.storage.close()
      opened = await openGated(folder.path, options)
    }
    await slotsCleared(opened.storage)
    expect(opened.gates.data.operations.deletes).toBe(0)
    await opened.storage.close()
  })

  test('keeps every change that was made while a page was read', async () => {
    await using folder = await temporaryFolder()
    const { storage, gates } = await openGated(folder.path, options)
    const model = await prepare(storage)
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    for (let round = 0; storage.data.stats.rewrites === 0; round++) {
      gates.data.holdsReads = true
      while (gates.data.readsWaiting === 0 && storage.data.stats.rewrites === 0) await turn()
      // Every key is changed once at most, so that nothing covers up what was lost.
      if (round < KEYS + 3) {
        for (let part = 0; part < PARTS; part++) {
          apply(storage, model, `${part}${round}`, (part + round) % 2 === 0 ? null : `round ${round}`)
        }
      }
      gates.data.holdsReads = false
      await turn()
    }
    expect(await pairsOf(storage, R1)).toEqual(expected(model))
    await storage.close()
  })

  test('that is split while a page is read keeps to its part', async () => {
    await using folder = await temporaryFolder()
    const opened = await openGated(folder.path, { ...options, segmentsMax: PARTS - 1 })
    const { storage, gates } = opened
    gates.data.holdsReads = true
    const model = await prepare(storage)
    // The page of the move, and one of those that clear the absorbed ranges' local slots.
    while (gates.data.readsWaiting < 2) await new Promise((resolve) => setImmediate(resolve))
    const at = storage.log.lastIndex(R1) + 1
    await append(storage, R1, entry(at, 1, 'split'))
    const right = {
      range: R2,
      replica: replicaId(1),
      snapshot: point(1, 1),
      hardState: hard(1, null, 1),
      state: bytes(''),
    }
    storage.split(R1, { at: applied(at, 1), key: bytes('02'), leftState: bytes(''), right })
    await storage.data.flushNow()
    gates.data.holdsReads = false
    // R1 has one segment now, R2 goes on with the rest.
    while (storage.data.stats.rewrites < 2) await new Promise((resolve) => setImmediate(resolve))
    await storage.data.flushNow()
    await slotsCleared(storage)
    await opened.crash()
    const again = (await openGated(folder.path, options)).storage
    expect(await pairsOf(again, R1)).toEqual(['00=old', '01=old'])
    expect(await pairsOf(again, R2)).toEqual(expected(model).slice(2))
    await again.close()
  })

  test('may be split, merged, and get a snapshot while it is moved', async () => {
    await using folder = await temporaryFolder()
    const { storage } = await openGated(folder.path, options)
    const model = await prepare(storage)
    // A few pages are moved, then it is cut in the part that is moved, and joined again.
    await writeUntil(storage, model, () => storage.data.stats.flushes > 60)
    const at = storage.log.lastIndex(R1) + 1
    await append(storage, R1, entry(at, 1, 'split'), entry(at + 1, 1, 'marker'))
    const right = {
      range: R2,
      replica: replicaId(1),
      snapshot: point(1, 1),
      hardState: hard(1, null, 1),
      state: bytes(''),
    }
    storage.split(R1, { at: applied(at, 1), key: bytes('12'), leftState: bytes(''), right })
    const half = [...(await pairsOf(storage, R1)), ...(await pairsOf(storage, R2))]
    expect(half).toEqual(expected(model))
    storage.merge(R1, { at: applied(at + 1, 1), state: bytes(''), right: R2, frozenAt: logIndex(1) })
    await writeUntil(storage, model, () => storage.data.stats.rewrites >= 1)
    expect(await pairsOf(storage, R1)).toEqual(expected(model))

    const load = await storage.data.beginLoad(R1)
    await load.add('user', [[bytes('s'), bytes('1')]])
    const index = storage.log.lastIndex(R1) + 100
    await storage.install(R1, { snapshot: point(index, 1), load, record: record(index, 1) })
    expect(await pairsOf(storage, R1)).toEqual(['s=1'])
    await slotsCleared(storage)
    await storage.close()
  })

  test('is whole after a crash at any write of the move, and is moved again', async () => {
    for (let writes = 0; writes < 24; writes += 1) {
      const disks = { log: new MemoryDisk(), data: new MemoryDisk() }
      const openOn = (): Promise<Storage> => openMemoryStorage(disks, options, deps)
      const storage = await openOn()
      const model = await prepare(storage)
      let left = writes
      const states = new Map<number, string[]>([[storage.data.range(R1).record.applied.index, expected(model)]])
      disks.data.beforeWrite = () => left-- > 0
      for (let i = 0; storage.poison === null && storage.data.stats.rewrites === 0; i++) {
        apply(storage, model, `${i % PARTS}${i % KEYS}`, `new ${i}`)
        states.set(storage.data.range(R1).record.applied.index, expected(model))
        await Promise.allSettled([storage.log.flush(), storage.data.flushNow()])
      }
      await storage.close()
      for (const disk of [disks.log, disks.data]) {
        disk.beforeWrite = () => true
        disk.crash()
      }
      const after = await openOn()
      expect(after.found.filter(({ state, range }) => state !== 'ok' || range !== R1)).toEqual([])
      const { index } = after.data.range(R1).record.applied
      expect(await pairsOf(after, R1)).toEqual(states.get(index))
      while (after.data.stats.rewrites === 0 && left < 0) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(await pairsOf(after, R1)).toEqual(states.get(index))
      await after.close()
    }
  })
})
