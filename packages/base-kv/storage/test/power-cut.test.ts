/**
 * Power cuts and full disks on real file systems of our own: ext4 on a loop image, cut off by its shutdown ioctl (what was
 * not synced is gone after the next mount), and a small tmpfs. Both need root.
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import { ballastIn } from '../src/index.ts'
import { checkLoad, startLoad, type Acknowledged } from './load-check.ts'
import { append, entry, newReplica, open, R1, temporaryFolder } from './fixtures.ts'

const run = promisify(execFile)
const MIB = 1024 * 1024

interface Mounted extends AsyncDisposable {
  readonly path: string
}

/** undefined, with the reason printed, where this machine does not let us. */
async function mounted(path: string, mount: () => Promise<void>): Promise<Mounted | undefined> {
  await mkdir(path, { recursive: true })
  try {
    await mount()
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n').slice(0, 2).join(' ') : String(thrown)
    process.stderr.write(`not tested on this machine: ${why}\n`)
    return undefined
  }
  return { path, [Symbol.asyncDispose]: () => run('umount', ['-l', path]).then(() => {}) }
}

const mountTmpfs = (path: string, bytes: number): Promise<Mounted | undefined> =>
  mounted(path, async () => void (await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path])))

const mountImage = (image: string, path: string): Promise<Mounted | undefined> =>
  mounted(path, async () => void (await run('mount', ['-o', 'loop', image, path])))

/** EXT4_IOC_SHUTDOWN without writing the journal: every later write fails, what was not synced is gone. */
async function cutPower(path: string): Promise<void> {
  const script =
    'open(my $f, "<", $ARGV[0]) or die; my $flag = pack("I", 2); ioctl($f, 0x8004587d, $flag) or die "shutdown: $!"'
  await run('perl', ['-e', script, path])
}

describe('power cut', () => {
  test('loses only what was not acknowledged, and ends the process with 74', async () => {
    await using folder = await temporaryFolder()
    const image = join(folder.path, 'disk.img')
    await writeFile(image, '')
    await truncate(image, 96 * MIB)
    try {
      await run('mkfs.ext4', ['-q', '-F', image])
    } catch (thrown) {
      process.stderr.write(`not tested on this machine: ${String(thrown)}\n`)
      return
    }
    let acknowledged: Acknowledged = { entry: 0, flushed: 0, votes: new Map() }
    for (let cut = 0; cut < 5; cut++) {
      const disk = await mountImage(image, join(folder.path, 'mount'))
      if (disk === undefined) return
      const data = join(disk.path, 'node')
      const load = startLoad(data, acknowledged)
      try {
        if (cut > 0) await checkLoad(data, acknowledged)
        load.go()
        const target = acknowledged.entry + 100 + cut * 71
        await load.line((line) => Number(/^entry (\d+)/.exec(line)?.[1]) >= target)
        // A sync that is under way while the ioctl runs may return success without its data: after a real cut nobody
        // would hear of it. What counts is what was acknowledged before.
        const before = { ...acknowledged, votes: new Map(acknowledged.votes) }
        await cutPower(disk.path)
        expect(await load.ended).toBe(74)
        if (process.env.POWER_DEBUG) console.log('after cut', acknowledged.entry - before.entry)
        acknowledged = before
      } finally {
        load.child.kill('SIGKILL')
        await load.ended
        await run('umount', [disk.path])
      }
    }
    await using disk = await mountImage(image, join(folder.path, 'mount'))
    await checkLoad(join((disk as Mounted).path, 'node'), acknowledged)
    expect(acknowledged.entry).toBeGreaterThan(500)
  })
})

describe('full disk', () => {
  test('ends the process with 74, loses nothing acknowledged, and a start says that the disk is full', async () => {
    await using folder = await temporaryFolder()
    await using disk = await mountTmpfs(join(folder.path, 'mount'), 24 * MIB)
    if (disk === undefined) return
    const acknowledged: Acknowledged = { entry: 0, flushed: 0, votes: new Map() }
    const data = join(disk.path, 'node')
    const filler = join(disk.path, 'filler')
    const load = startLoad(data, acknowledged)
    load.go()
    await load.line((line) => line === 'entry 200')
    await fill(filler)
    expect(await load.ended).toBe(74)
    await fill(join(disk.path, 'filler2'))
    const failure = await open(data).then(
      () => null,
      (thrown: unknown) => thrown as KvError,
    )
    expect(failure).toMatchObject({ code: 'NoSpace', hint: expect.stringContaining(ballastIn(data)) })
    await rm(filler)
    await checkLoad(data, acknowledged)
    expect(acknowledged.entry).toBeGreaterThanOrEqual(200)
  })

  test('is foreseen: below the threshold writes are to be refused, the ballast gives room back', async () => {
    await using folder = await temporaryFolder()
    await using disk = await mountTmpfs(join(folder.path, 'mount'), 24 * MIB)
    if (disk === undefined) return
    const data = join(disk.path, 'node')
    const storage = await open(data, { diskFreeBytesMin: 4 * MIB, ballastBytes: 1 * MIB })
    expect(storage.space.low).toBe(false)
    await storage.createReplica(R1, newReplica())
    await writeFile(join(disk.path, 'filler'), Buffer.alloc(storage.space.freeBytes - 4 * MIB - 200_000))
    expect(await storage.checkSpace()).toMatchObject({ low: true })
    await append(storage, R1, entry(2, 1, 'still possible'))
    await rm(ballastIn(data))
    expect(await storage.checkSpace()).toMatchObject({ low: false })
    await storage.close()
  })
})

/** Writes until nothing fits any more. */
async function fill(path: string): Promise<void> {
  for (const size of [MIB, 64 * 1024, 4096, 1]) {
    const chunk = Buffer.alloc(size)
    for (;;) {
      const written = await writeFile(path, chunk, { flag: 'a' }).then(
        () => true,
        () => false,
      )
      if (!written) break
    }
  }
}
