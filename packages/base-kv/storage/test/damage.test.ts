/** Files changed behind the store's back: it must say so, and never answer wrongly. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { logIndex, replicaId } from '@base-kv/base'
import { checkDatabase } from '../src/raw/check-database.ts'
import {
  all,
  append,
  applied,
  bytes,
  entry,
  hard,
  newReplica,
  open,
  R1,
  SELF,
  temporaryFolder,
  text,
} from './fixtures.ts'

const ENTRIES = 300

/** A folder with a log and data, closed. `tables`: LevelDB's logs have been turned into tables. */
async function prepare(directory: string, { tables }: { tables: boolean }): Promise<void> {
  const storage = await open(directory)
  await storage.createReplica(R1, newReplica())
  storage.log.append(R1, { hardState: hard(1, SELF) }, () => {})
  for (let index = 2; index <= ENTRIES; index++) {
    await append(storage, R1, entry(index, 1, `value ${index}`))
    storage.data.range(R1).put('user', bytes(`key${index}`), bytes(`value ${index}`))
    storage.data.range(R1).setApplied(applied(index, 1))
  }
  await storage.close()
  // LevelDB turns its logs into tables when it opens.
  if (tables) await open(directory).then((again) => again.close())
}

async function filesOf(directory: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    if (pattern.test(name) && (await readFile(path)).length > 0) found.push(path)
  }
  return found
}

async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path)
  content[at] = (content[at] as number) ^ (1 << (at % 8))
  await writeFile(path, content)
}

/** Positions spread over a file of `length` bytes, the same every time. */
const spread = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i + 0.37) * length) / count))

describe('a flipped bit', () => {
  test.each(['log', 'data'])(
    'anywhere in the newest log file of database %s is found at start, and stays on record',
    async (database) => {
      await using folder = await temporaryFolder()
      const origin = join(folder.path, 'origin')
      await prepare(origin, { tables: false })
      const [file] = (await filesOf(join(origin, database), /\.log$/)) as [string]
      const { length } = await readFile(file)
      const positions = spread(length, 60)
      const last = positions.at(-1)
      for (const at of positions) {
        await flip(file, at)
        const flaws = await checkDatabase(join(origin, database), { tables: true })
        expect({ at, flaws }).toMatchObject({ flaws: [expect.stringContaining(file)] })
        if (at !== last) await flip(file, at)
      }
      const storage = await open(origin)
      expect(storage.found).toMatchObject([
        { range: R1, state: 'damaged', reason: expect.stringContaining('.log: record at') },
      ])
      await storage.close()
      const again = await open(origin)
      expect(again.found).toMatchObject([{ range: R1, state: 'damaged' }])
      await again.close()
    },
  )

  test('anywhere in a table of database log is found at start', async () => {
    await using folder = await temporaryFolder()
    const origin = join(folder.path, 'origin')
    await prepare(origin, { tables: true })
    const [file] = (await filesOf(join(origin, 'log'), /\.ldb$/)) as [string]
    const { length } = await readFile(file)
    // The last 48 bytes are the footer, some of it unused.
    for (const at of spread(length - 48, 60)) {
      await flip(file, at)
      expect({ at, flaws: await checkDatabase(join(origin, 'log'), { tables: true }) }).toMatchObject({
        flaws: [expect.stringContaining(file)],
      })
      await flip(file, at)
    }
    await flip(file, 1000)
    const storage = await open(origin)
    expect(storage.found).toMatchObject([{ range: R1, state: 'damaged' }])
    await storage.close()
  })

  test('in a value is an error, never an answer', async () => {
    await using folder = await temporaryFolder()
    await prepare(folder.path, { tables: true })
    const [file] = (await filesOf(join(folder.path, 'data'), /\.ldb$/)) as [string]
    await flip(file, (await readFile(file)).indexOf('value 100') + 3)
    const storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'ok' }])
    const range = storage.data.range(R1)
    expect(() => range.get('user', bytes('key100'))).toThrow(expect.objectContaining({ code: 'Corrupt' }))
    expect(text(range.get('user', bytes('key101')))).toBe('value 101')
    await using view = range.readView()
    await expect(all(view.scan('user', { start: null, end: null }))).rejects.toMatchObject({ code: 'Corrupt' })
    await storage.close()
  })

  test('anywhere in a table of database data is found after a process that did not end in order; the database is put aside', async () => {
    await using folder = await temporaryFolder()
    const origin = join(folder.path, 'origin')
    await prepare(origin, { tables: true })
    const [file] = (await filesOf(join(origin, 'data'), /\.ldb$/)) as [string]
    const { length } = await readFile(file)
    for (const at of spread(length - 48, 60)) {
      await flip(file, at)
      const flaws = await checkDatabase(join(origin, 'data'), { tables: true })
      expect({ at, flaws }).toMatchObject({ flaws: [expect.stringContaining(file)] })
      await flip(file, at)
    }
    await flip(file, length - 100)
    await writeFile(join(origin, 'owner.json'), '{"pid":1}')
    for (let start = 0; start < 2; start++) {
      const storage = await open(origin)
      expect(storage.found).toMatchObject([
        { range: R1, replica: 1, state: 'damaged', hardState: hard(1, SELF), data: null },
      ])
      await storage.close()
    }
    expect(await readdir(join(origin, 'data.damaged'))).toContain('CURRENT')
    // The same store takes a new replica of the range.
    const storage = await open(origin)
    await storage.destroyReplica(R1, replicaId(1))
    await storage.createReplica(R1, newReplica(8))
    await storage.close()
    const again = await open(origin)
    expect(again.found).toMatchObject([{ range: R1, replica: 8, state: 'ok' }])
    await again.close()
  })

  test('in data is marked by a scrub while the store runs, for good', async () => {
    await using folder = await temporaryFolder()
    await prepare(folder.path, { tables: true })
    const [file] = (await filesOf(join(folder.path, 'data'), /\.ldb$/)) as [string]
    let storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'ok' }])
    expect(await storage.scrub()).toEqual([])
    await flip(file, 500)
    expect(await storage.scrub()).toEqual([expect.stringContaining('fails its checksum')])
    await storage.close()
    await flip(file, 500)
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'damaged', reason: expect.stringContaining('fails its checksum') }])
    await storage.close()
  })
})

describe('a lost tail', () => {
  test('a record cut off by the end of the file is what a crash leaves: no damage', async () => {
    await using folder = await temporaryFolder()
    const directory = join(folder.path, 'node')
    await prepare(directory, { tables: false })
    let storage = await open(directory)
    await storage.data.flushNow()
    await append(storage, R1, entry(ENTRIES + 1, 1, 'the last sync never returned'))
    const [file] = (await filesOf(join(directory, 'log'), /\.log$/)) as [string]
    const { length } = await readFile(file)
    await storage.close()
    await truncate(file, length - 5)
    storage = await open(directory)
    expect(storage.found).toMatchObject([{ state: 'ok', lastIndex: ENTRIES }])
    await storage.close()
  })

  test.each(['log', 'data'])('batches of %s that the other database knows of are missed', async (database) => {
    await using folder = await temporaryFolder()
    let storage = await open(folder.path)
    await storage.createReplica(R1, newReplica())
    const lengths = { log: 0, data: 0 }
    for (const name of ['log', 'data'] as const) {
      const [file] = (await filesOf(join(folder.path, name), /\.log$/)) as [string]
      lengths[name] = (await readFile(file)).length
    }
    for (const index of [2, 3]) {
      await append(storage, R1, entry(index, 1, 'x'))
      storage.data.range(R1).setApplied(applied(index, 1))
      await storage.data.flushNow()
    }
    await append(storage, R1, entry(4, 1, 'x'))
    await storage.close()
    const [file] = (await filesOf(join(folder.path, database), /\.log$/)) as [string]
    // A clean cut between two records: to LevelDB this is a healthy, shorter log.
    await truncate(file, lengths[database as 'log' | 'data'])
    storage = await open(folder.path)
    expect(storage.found).toMatchObject([{ state: 'damaged', reason: expect.stringMatching(/ends at batch \d+/) }])
    await storage.close()
  })

  test('a database that is gone is damage, not an empty store', async () => {
    await using folder = await temporaryFolder()
    await prepare(folder.path, { tables: true })
    await rm(join(folder.path, 'log'), { recursive: true })
    const storage = await open(folder.path)
    expect(storage.found).toMatchObject([
      { range: R1, replica: 1, state: 'damaged', reason: expect.stringContaining('missing') },
    ])
    expect(() => storage.log.append(R1, { hardState: hard(9, SELF) }, () => {})).toThrow('damaged')
    await storage.close()
  })
})

test('a damaged replica comes back only under a new id', async () => {
  await using folder = await temporaryFolder()
  let storage = await open(folder.path)
  await storage.createReplica(R1, newReplica(3))
  await storage.markDamaged(R1, 'told by a test')
  await storage.close()
  storage = await open(folder.path)
  expect(storage.found).toMatchObject([{ replica: 3, state: 'damaged', reason: 'told by a test' }])
  await storage.destroyReplica(R1, replicaId(3))
  await storage.createReplica(R1, newReplica(8))
  await storage.close()
  storage = await open(folder.path)
  expect(storage.found).toMatchObject([{ replica: 8, state: 'ok', lastIndex: logIndex(1) }])
  await storage.close()
})
