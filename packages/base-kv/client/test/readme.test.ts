import { expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { FakeCluster } from './fake-cluster.ts'

const packageFolder = new URL('..', import.meta.url)

test('the example of the README runs as it stands', async () => {
  const readme = await readFile(new URL('README.md', packageFolder), 'utf8')
  const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
  const cluster = await FakeCluster.start(3)
  try {
    const endpoints = JSON.stringify(cluster.endpoints)
    const code = example.replace(/\['127\.0\.0\.1:7701'.*?\]/, endpoints)
    expect(code).toContain(endpoints)
    const args = ['--no-warnings', '--conditions=source', '--input-type=module', '-e', code]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: packageFolder, timeout: 20_000 })
    expect(stdout.trim().split('\n')).toEqual([
      'red',
      'true',
      'fruit/apple yellow',
      'fruit/fig violet',
      'fruit/pear green',
    ])
  } finally {
    await cluster.stop()
  }
})
