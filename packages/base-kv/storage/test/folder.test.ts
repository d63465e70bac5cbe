/** The data folder: who it belongs to, and one process at a time. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { startLoad } from './load-check.ts'
import { newReplica, open, R1, temporaryFolder } from './fixtures.ts'

test('a store keeps its identity', async () => {
  await using folder = await temporaryFolder()
  const first = await open(folder.path)
  await first.close()
  const second = await open(folder.path)
  expect(second.identity).toEqual(first.identity)
  expect(second.identity).toMatchObject({ cluster: 'test', formatVersion: 1 })
  await second.close()
})

test('a folder of another cluster or of a newer build is refused', async () => {
  await using folder = await temporaryFolder()
  await open(folder.path).then((storage) => storage.close())
  await expect(open(folder.path, { cluster: 'other' })).rejects.toMatchObject({
    code: 'BadConfig',
    message: expect.stringContaining('"test"'),
  })
  const file = join(folder.path, 'identity.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace('"formatVersion": 1', '"formatVersion": 2'))
  await expect(open(folder.path)).rejects.toMatchObject({
    code: 'BadConfig',
    message: expect.stringContaining('version 2'),
  })
})

test('ranges without an identity are not taken for a new store', async () => {
  await using folder = await temporaryFolder()
  const storage = await open(folder.path)
  await storage.createReplica(R1, newReplica())
  await storage.close()
  await rm(join(folder.path, 'identity.json'))
  await expect(open(folder.path)).rejects.toMatchObject({ code: 'Corrupt' })
})

test('a folder that a live process has is refused, naming the folder and the process; it is free once that is dead', async () => {
  await using folder = await temporaryFolder()
  const directory = join(folder.path, 'node')
  const load = startLoad(directory, { entry: 0, flushed: 0, votes: new Map() })
  load.go()
  await load.line((line) => line === 'entry 5')
  await expect(open(directory)).rejects.toMatchObject({
    code: 'BadConfig',
    message: `data folder ${directory} is locked by process ${load.child.pid}`,
  })
  load.child.kill('SIGKILL')
  await load.ended
  const storage = await open(directory)
  await expect(open(directory)).rejects.toMatchObject({ code: 'BadConfig' })
  await storage.close()
})
