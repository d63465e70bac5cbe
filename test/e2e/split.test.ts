/** Splits of real ranges by the command line, while clients write and nodes die: no client notices. */
import { describe, expect, test } from '@jest/globals'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'
import { startWriters } from '../harness/writers.ts'

interface Halves {
  readonly id: string
  readonly ver: number
  readonly right: { readonly id: string; readonly ver: number }
}

/** Each range begins where the one before ends, from the first key to the last. */
function expectWhole(
  ranges: readonly { readonly startKeyBase64: string | null; readonly endKeyBase64: string | null }[],
) {
  expect(ranges.map((range) => range.startKeyBase64)).toEqual([
    null,
    ...ranges.slice(0, -1).map((range) => range.endKeyBase64),
  ])
  expect(ranges.at(-1)?.endKeyBase64).toBeNull()
}

describe('range split', () => {
  test('under load, with the leader killed meanwhile: everything acknowledged is there', async () => {
    await using cluster = await TestCluster.up()
    using client = cluster.client()
    const writers = startWriters(client)
    const split = async (key: string): Promise<Halves> =>
      JSON.parse(await cluster.ok(['range', 'split', '--key', key, '-o', 'json'])) as Halves
    try {
      await until('writes are acknowledged', () => writers.acknowledged.size > 100)
      const first = await split('writers/3/')
      expect(first.ver).toBe(2 ** 32)
      expect(first.right).toMatchObject({ ver: first.ver })
      await split('writers/7/')
      const victim = await cluster.leader()
      const { pid } = cluster.node(victim)
      cluster.signal(victim, 'SIGKILL')
      await until(`${victim} is gone`, () => !runs(pid))
      for (const key of ['writers/12/', 'writers/5/', 'm', 'z']) {
        await until(`the split at ${key}`, async () => (await cluster.run(['range', 'split', '--key', key])).code === 0)
      }
      await cluster.ok(['cluster', 'start', victim])
      await split('writers/9/')
      await until('all three hold all ranges', async () => {
        const ranges = await cluster.ranges()
        return ranges.length === 8 && ranges.every(({ replicas, leader }) => replicas.length === 3 && leader !== null)
      })
    } finally {
      await writers.stop()
    }
    expect(writers.acknowledged.size).toBeGreaterThan(100)
    expect(await writers.missing(client)).toEqual([])
    const ranges = await cluster.ranges()
    expectWhole(ranges)
    await until('all replicas are level', async () => {
      return (await cluster.ranges()).every(
        ({ replicas }) => new Set(replicas.map((one) => one.appliedIndex)).size === 1,
      )
    })
    // A scan by a client that knows nothing of ranges goes through all of them.
    const scanned = (await cluster.ok(['scan', '--prefix', 'writers/', '--keys-only', '-o', 'raw'])).trim().split('\n')
    expect(new Set(scanned)).toEqual(new Set(writers.acknowledged.keys()))
  }, 120_000)

  test('wrong keys and old versions are refused with their code, and change nothing', async () => {
    await using cluster = await TestCluster.up({ nodes: 1 })
    await cluster.ok(['range', 'split', '--key', 'm'])
    const [left, right] = await cluster.ranges()
    for (const args of [
      ['--key', 'm'],
      ['--key', 'm', '--range', left!.id],
      ['--key', 'a', '--range', right!.id],
      ['--key', 'hex:', '--range', left!.id],
      ['--key', 'a', '--range', 'nothing'],
    ]) {
      const { code, stderr } = await cluster.run(['range', 'split', ...args])
      expect({ args, code: [2, 3].includes(code ?? 0) }).toEqual({ args, code: true })
      expect(stderr).toMatch(/^error (BAD_REQUEST|NOT_FOUND): /)
    }
    expect((await cluster.ranges()).map(({ id, ver }) => [id, ver])).toEqual(
      [left, right].map((range) => [range!.id, range!.ver]),
    )
  }, 120_000)
})

test('cluster up --ranges: equal ranges, led by the nodes in turn, one key space to clients', async () => {
  await using cluster = await TestCluster.up({ ranges: 12 })
  const ranges = await cluster.ranges()
  expect(ranges).toHaveLength(12)
  expectWhole(ranges)
  const leads = Map.groupBy(ranges, ({ leader }) => leader?.node)
  expect([...leads.values()].map((own) => own.length)).toEqual([4, 4, 4])
  using client = cluster.client()
  const keys = Array.from({ length: 256 }, (_, i) => Buffer.from([i, 1]))
  await Promise.all(keys.map((key) => client.put(key, key)))
  const found: string[] = []
  for await (const { key } of client.scan()) found.push(Buffer.from(key).toString('hex'))
  expect(found).toEqual(keys.map((key) => key.toString('hex')))
  // A node that stops hands all that it leads over.
  await cluster.ok(['cluster', 'stop', 'n2'])
  expect((await cluster.ranges()).every(({ leader }) => leader !== null && leader.node !== 'n2')).toBe(true)
  await Promise.all(keys.map((key) => client.put(key, key)))
}, 120_000)
