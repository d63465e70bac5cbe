import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { checkLoad, startLoad, type Acknowledged } from './load-check.ts'
import { temporaryFolder } from './fixtures.ts'

const KILLS = 50

test(`kill -9 in the middle of a load, ${KILLS} times: nothing acknowledged is lost, no value wrong, no vote changed`, async () => {
  await using folder = await temporaryFolder()
  const [directory, compileCache] = [join(folder.path, 'node'), join(folder.path, 'compile-cache')]
  const acknowledged: Acknowledged = { entry: 0, flushed: 0, votes: new Map() }
  let next = startLoad(directory, acknowledged, compileCache)
  for (let kill = 0; kill < KILLS; kill++) {
    const load = next
    load.go()
    next = startLoad(directory, acknowledged, compileCache)
    // Each life ends a different number of acknowledged entries after its start, the first ones inside the start itself.
    const target = acknowledged.entry + 1 + ((kill * 37) % 60)
    await load.line((line) => (kill % 10 === 0 ? line === 'ready' : Number(/^entry (\d+)/.exec(line)?.[1]) >= target))
    load.child.kill('SIGKILL')
    await load.ended
    await checkLoad(directory, acknowledged)
  }
  next.child.kill('SIGKILL')
  expect(acknowledged.entry).toBeGreaterThan(KILLS)
  expect(acknowledged.votes.size).toBeGreaterThan(KILLS / 2)
  // Each kill waits for a process to start: a second where the machine is busy.
}, 300_000)
