/** An operator goes on with one replica after two of three nodes are lost; then they come back all the same. */
import { expect, test } from '@jest/globals'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'
import { startWriters } from '../harness/writers.ts'

async function kill(cluster: TestCluster, name: string): Promise<void> {
  const { pid } = cluster.node(name)
  cluster.signal(name, 'SIGKILL')
  await until(`${name} is gone`, () => !runs(pid))
}

test('range recover: refused until the lost are named; durable; those who return neither win nor serve, and are refilled', async () => {
  await using cluster = await TestCluster.up()
  using client = cluster.client()
  await Promise.all(Array.from({ length: 200 }, (_, i) => client.put(`k${i}`, `v${i}`)))
  await cluster.caughtUp('n1')
  const { id, ver } = await cluster.range()
  const recover = (...more: string[]) => cluster.run(['range', 'recover', '--store', 'n1', ...more])

  expect(await recover()).toMatchObject({ code: 2, stderr: expect.stringContaining('--accept-data-loss') })
  // There is nothing to recover yet.
  expect(await recover('--accept-data-loss', '--lost', 'n2,n3')).toMatchObject({ code: 2 })
  await kill(cluster, 'n2')
  await kill(cluster, 'n3')
  await until('nobody leads', async () => (await cluster.range()).leader === null)
  const unnamed = await recover('--accept-data-loss')
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('must never return') })
  expect(unnamed.stderr).toContain('--lost n2,n3')
  expect(await recover('--accept-data-loss', '--lost', 'n2')).toMatchObject({ code: 2 })
  expect(await recover('--accept-data-loss', '--lost', 'n1,n2,n3')).toMatchObject({ code: 2 })
  expect((await cluster.range()).ver).toBe(ver)

  const done = await recover('--accept-data-loss', '--lost', 'n2,n3', '-o', 'json')
  expect({ code: done.code, stderr: done.stderr }).toEqual({ code: 0, stderr: expect.any(String) })
  expect(JSON.parse(done.stdout)).toMatchObject({ id, voters: [{ node: 'n1' }] })
  expect((JSON.parse(done.stdout) as { ver: number }).ver).toBe((Math.floor(ver / 2 ** 32) + 2 ** 16) * 2 ** 32)
  await client.put('behind', 'it')
  await kill(cluster, 'n1')
  await cluster.ok(['cluster', 'start', 'n1'])
  await until('it serves again', async () => (await client.get('k199')) !== undefined)

  const writers = startWriters(client)
  try {
    const logsBefore = ['n2', 'n3'].map((name) => cluster.logText(name).length)
    await Promise.all(['n2', 'n3'].map((name) => cluster.ok(['cluster', 'start', name])))
    await until('their replicas are retired', async () => {
      const { replicas, voters } = await cluster.range()
      return voters.length === 1 && replicas.length === 1
    })
    for (const [at, name] of ['n2', 'n3'].entries()) {
      expect(cluster.logText(name).slice(logsBefore[at])).not.toMatch(/"leads"|\bleads\b/)
      // Each passes on what it is asked.
      using outsider = cluster.client({ endpoints: [cluster.node(name).rpc] })
      expect(Buffer.from((await outsider.get('behind')) ?? []).toString()).toBe('it')
    }
    await until('it has three replicas again', async () => {
      return (await cluster.run(['range', 'replicas', '--voters', 'n1,n2,n3', '--timeout', '20s'])).code === 0
    })
    await kill(cluster, 'n1')
    await until('the refilled ones serve', async () => (await client.get('k0')) !== undefined)
  } finally {
    await writers.stop()
  }
  expect(writers.acknowledged.size).toBeGreaterThan(0)
  expect(await writers.missing(client)).toEqual([])
  const values = await Promise.all(Array.from({ length: 200 }, (_, i) => client.get(`k${i}`)))
  expect(values.map((value) => Buffer.from(value ?? []).toString())).toEqual(
    Array.from({ length: 200 }, (_, i) => `v${i}`),
  )
}, 120_000)

test('range recover --all: every range without a majority, the lost named once', async () => {
  await using cluster = await TestCluster.up({ ranges: 12 })
  using client = cluster.client()
  const keys = Array.from({ length: 64 }, (_, i) => Buffer.from([i * 4, 1]))
  await Promise.all(keys.map((key) => client.put(key, key)))
  await until('all replicas are level', async () => {
    return (await cluster.ranges()).every(({ replicas }) => new Set(replicas.map((one) => one.appliedIndex)).size === 1)
  })
  for (const name of ['n1', 'n3']) await kill(cluster, name)
  await until('nobody leads', async () => (await cluster.ranges()).every(({ leader }) => leader === null))
  const all = ['range', 'recover', '--all', '--store', 'n2', '--accept-data-loss', '--timeout', '20s']
  expect(await cluster.run(all)).toMatchObject({ code: 2, stderr: expect.stringContaining('--lost n1,n3') })
  const done = await cluster.run([...all, '--lost', 'n1,n3', '-o', 'json'])
  expect({ code: done.code, stdout: done.stdout && JSON.parse(done.stdout) }).toEqual({
    code: 0,
    stdout: { recovered: 12, failed: [] },
  })
  const found = await Promise.all(keys.map((key) => client.get(key)))
  expect(found.map((value) => Buffer.from(value ?? []).toString('hex'))).toEqual(keys.map((key) => key.toString('hex')))
  expect((await cluster.ranges()).every(({ voters }) => voters.length === 1)).toBe(true)
}, 90_000)
