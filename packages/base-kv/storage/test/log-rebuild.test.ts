/** A flaw in a table of `log` condemns the replicas of that time, and none that come after them. */
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { rangeId, replicaId } from '@base-kv/base'
import { checkDatabase } from '../src/raw/check-database.ts'
import type { Storage } from '../src/index.ts'
import {
  append,
  applied,
  bytes,
  entry,
  hard,
  newReplica,
  open,
  R1,
  R2,
  SELF,
  temporaryFolder,
  text,
} from './fixtures.ts'

const ENTRIES = 300
const R3 = rangeId(1n, 3n)

/** Two replicas with entries in tables, one of them with data, and a tombstone; closed. */
async function prepare(directory: string): Promise<void> {
  const storage = await open(directory)
  for (const range of [R1, R2]) await storage.createReplica(range, newReplica(3))
  await storage.createReplica(R3, newReplica(2))
  await storage.destroyReplica(R3, replicaId(2))
  storage.log.append(R1, { hardState: hard(4, SELF) }, () => {})
  for (let index = 2; index <= ENTRIES; index++) await append(storage, R1, entry(index, 4, `value ${index}`))
  storage.data.range(R1).put('user', bytes('key'), bytes('value'))
  storage.data.range(R1).setApplied(applied(ENTRIES, 4))
  await storage.close()
  await open(directory).then((again) => again.close())
}

async function tableOf(directory: string): Promise<string> {
  const names = await readdir(join(directory, 'log'))
  return join(directory, 'log', names.find((name) => name.endsWith('.ldb')) as string)
}

async function flip(path: string, find: string | number): Promise<void> {
  const content = await readFile(path)
  const at = typeof find === 'number' ? find : content.indexOf(find)
  content[at] = (content[at] as number) ^ 4
  await writeFile(path, content)
}

/** All that must outlive the rebuild, and that both old replicas are out of action. */
function expectMarked(storage: Storage): void {
  const [one, two] = storage.found
  expect(storage.found).toHaveLength(2)
  expect(one).toMatchObject({ range: R1, replica: 3, state: 'damaged', hardState: hard(4, SELF) })
  expect(two).toMatchObject({ range: R2, replica: 3, state: 'damaged' })
  expect(one?.reason).toMatch(/fails its checksum/)
  expect(storage.log.tombstone(R3)).toBe(2)
}

/** What the layer above does: removes the replica, takes a new one in, writes. Then two more starts. */
async function expectRepaired(directory: string): Promise<void> {
  let storage = await open(directory)
  expectMarked(storage)
  await storage.destroyReplica(R1, replicaId(3))
  await storage.createReplica(R1, newReplica(8))
  for (let index = 2; index <= 50; index++) await append(storage, R1, entry(index, 1, `later ${index}`))
  storage.data.range(R1).put('user', bytes('key'), bytes('later'))
  storage.data.range(R1).setApplied(applied(50, 1))
  await storage.close()
  for (let start = 0; start < 2; start++) {
    storage = await open(directory)
    expect(storage.found).toMatchObject([
      { range: R1, replica: 8, state: 'ok', lastIndex: 50 },
      { range: R2, replica: 3, state: 'damaged' },
    ])
    expect(text(storage.data.range(R1).get('user', bytes('key')))).toBe('later')
    await storage.close()
  }
}

test('the replica that takes the place of a damaged one stays healthy at later starts', async () => {
  await using folder = await temporaryFolder()
  await prepare(folder.path)
  await flip(await tableOf(folder.path), 'value 20')
  const storage = await open(folder.path)
  expectMarked(storage)
  await storage.close()
  expect(await readdir(folder.path)).toContain('log.damaged')
  expect(await checkDatabase(join(folder.path, 'log'), { tables: true })).toEqual([])
  await expectRepaired(folder.path)
})

test('a flaw that may hide a replica id stays: nothing is taken in beside it', async () => {
  await using folder = await temporaryFolder()
  await prepare(folder.path)
  const path = await tableOf(folder.path)
  await flip(path, (await readFile(path)).indexOf('mnumber') + 20)
  await open(folder.path).then(
    (storage) => storage.close(),
    () => {},
  )
  expect(await readdir(folder.path)).not.toContain('log.damaged')
  expect(await checkDatabase(join(folder.path, 'log'), { tables: true })).toHaveLength(1)
})

test('a crash at any step of it leaves the marks, and the next start goes on', async () => {
  await using folder = await temporaryFolder()
  const origin = join(folder.path, 'origin')
  await prepare(origin)
  await flip(await tableOf(origin), 'value 20')
  const seen = new Set<string>()
  let count = 0
  for (let isThrough = false; !isThrough; count++) {
    const directory = join(folder.path, 'node')
    await cp(origin, directory, { recursive: true })
    isThrough = await startKilled(directory, count, join(folder.path, 'compile-cache'))
    seen.add((await readdir(directory)).filter((name) => name.startsWith('log')).join(' '))
    await expectRepaired(directory)
    expect((await readdir(directory)).filter((name) => name.startsWith('log')).sort()).toEqual(['log', 'log.damaged'])
    await rm(directory, { recursive: true })
    expect(count).toBeLessThan(40)
  }
  const states = [...seen].map((names) => names.split(' ').sort().join(' '))
  for (const state of ['log', 'log log.new', 'log log.rebuilt', 'log.damaged log.rebuilt', 'log log.damaged'])
    expect(states).toContain(state)
}, 120_000)

/** @returns whether the start got through before it was killed. */
async function startKilled(directory: string, count: number, compileCache: string): Promise<boolean> {
  const script = fileURLToPath(new URL('rebuild-process.ts', import.meta.url))
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--conditions=source', script, directory, String(count)],
      { env: { ...process.env, NODE_COMPILE_CACHE: compileCache } },
    )
    return stdout === 'opened\n'
  } catch (thrown) {
    if ((thrown as { signal?: unknown }).signal === 'SIGKILL') return false
    throw thrown
  }
}
