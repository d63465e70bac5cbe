/** A storage write that fails ends the process with exit code 74 at once, and loses nothing that was acknowledged. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openClient } from '@base-kv/client'
import { ownEnvironment, root } from '../harness/cli.ts'
import { freeBasePort } from '../harness/free-ports.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { until } from '../harness/until.ts'

const LIMIT_BYTES = 8 * 1024 * 1024

test('a file that may not grow: exit code 74; after a restart all acknowledged writes are there', async () => {
  using folder = temporaryFolder()
  const address = `127.0.0.1:${(await freeBasePort(1)) + 1}`
  const file = join(folder.path, 'node.yaml')
  writeFileSync(
    file,
    `node:\n  name: n1\ndataDir: data\nrpc:\n  bind: "${address}"\nstorage:\n  ballastBytes: 0\n  diskFreeBytesMin: 0\n`,
  )
  /** `ulimit -f` counts in blocks of 512 bytes; a write beyond it fails with EFBIG. */
  const start = (limit: string) => {
    const command = `ulimit -f ${limit}; exec "${process.execPath}" packages/app/cli/dist/main.js node start --config "${file}"`
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: root,
      env: { ...process.env, ...ownEnvironment() },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    const exit = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
    return { child, exit }
  }

  const limited = start(String(LIMIT_BYTES / 512))
  const acknowledged: string[] = []
  {
    using client = openClient({ endpoints: [address], timeoutMs: 5_000 })
    await until('it serves', () => client.put('first', 'v').then(() => true))
    let failed = false
    for (let i = 0; !failed && i < 1_000; i++) {
      const key = `large/${String(i).padStart(4, '0')}`
      await client.put(key, Buffer.alloc(256 * 1024, key)).then(
        () => acknowledged.push(key),
        () => (failed = true),
      )
    }
    expect(failed).toBe(true)
  }
  expect(await limited.exit).toBe(74)
  expect(acknowledged.length).toBeGreaterThan(5)

  const again = start('unlimited')
  using client = openClient({ endpoints: [address], timeoutMs: 5_000 })
  await until('it serves again', () => client.get('first').then((value) => value !== undefined))
  for (const key of acknowledged) {
    const value = await client.get(key)
    expect(value && Buffer.from(value).equals(Buffer.alloc(256 * 1024, key))).toBe(true)
  }
  again.child.kill('SIGTERM')
  expect(await again.exit).toBe(0)
})
