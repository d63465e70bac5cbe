/** Merges of real ranges by the command line, while clients write and nodes die: no client notices. */
import { describe, expect, test } from '@jest/globals'
import type { KvClient } from '@base-kv/client'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'
import { startWriters } from '../harness/writers.ts'

/** Compare-and-set from value to value: were one applied twice, or its first answer lost, the chain would break. */
function startChains(client: KvClient) {
  const lengths = Array<number>(8).fill(0)
  let running = true
  const chain = async (number: number): Promise<void> => {
    for (let at = 0; running; at++) {
      const expected = at === 0 ? null : String(at - 1)
      const result = await client.compareAndSet(`chain/${number}`, { expect: expected, value: String(at) })
      expect({ number, at, ...result }).toEqual({ number, at, succeeded: true })
      lengths[number] = at + 1
    }
  }
  const chains = Promise.all(lengths.map((_, number) => chain(number)))
  chains.catch(() => {})
  return {
    lengths,
    async stop() {
      running = false
      await chains
    },
  }
}

/** Merges the two neighbours that meet at `key`; whether that came about. */
async function mergeAt(cluster: TestCluster, key: string): Promise<boolean> {
  const ranges = await cluster.ranges()
  const at = ranges.findIndex(({ startKeyBase64 }) => startKeyBase64 === Buffer.from(key).toString('base64'))
  if (at < 1) return true
  const [left, right] = [ranges[at - 1]!.id, ranges[at]!.id]
  return (await cluster.run(['range', 'merge', '--left', left, '--right', right])).code === 0
}

describe('range merge', () => {
  test('under load, with nodes killed in between: everything acknowledged is there', async () => {
    await using cluster = await TestCluster.up()
    using client = cluster.client({ timeoutMs: 30_000 })
    const writers = startWriters(client)
    const chains = startChains(client)
    try {
      await until('writes are acknowledged', () => writers.acknowledged.size > 100)
      for (const key of ['writers/3/', 'writers/7/', 'chain/4']) await cluster.ok(['range', 'split', '--key', key])
      const [left, right] = await cluster.ranges()
      const merged = JSON.parse(
        await cluster.ok(['range', 'merge', '--left', left!.id, '--right', right!.id, '-o', 'json']),
      ) as { id: string; verHigh: number; verLow: number }
      expect(merged).toMatchObject({ id: left!.id, verLow: 0 })
      expect(merged.verHigh).toBeGreaterThan(1)
      const victim = await cluster.leader()
      const { pid } = cluster.node(victim)
      const merging = mergeAt(cluster, 'writers/7/')
      cluster.signal(victim, 'SIGKILL')
      await until(`${victim} is gone`, () => !runs(pid))
      await merging
      await cluster.ok(['cluster', 'start', victim])
      for (const key of ['writers/7/', 'writers/3/', 'chain/4']) {
        await until(`the merge at ${key}`, () => mergeAt(cluster, key))
      }
      for (const key of ['chain/2', 'chain/6', 'writers/5/']) {
        await cluster.ok(['range', 'split', '--key', key])
        await until(`the merge at ${key}`, () => mergeAt(cluster, key))
      }
      await until('one range, held by all three', async () => {
        const ranges = await cluster.ranges()
        return ranges.length === 1 && ranges[0]!.replicas.length === 3 && ranges[0]!.leader !== null
      })
    } finally {
      await writers.stop()
    }
    await chains.stop()
    for (const [number, length] of chains.lengths.entries()) {
      expect(length).toBeGreaterThan(10)
      expect(Buffer.from((await client.get(`chain/${number}`))!).toString()).toBe(String(length - 1))
    }
    expect(writers.acknowledged.size).toBeGreaterThan(100)
    expect(await writers.missing(client)).toEqual([])
    const scanned = (await cluster.ok(['scan', '--prefix', 'writers/', '--keys-only', '-o', 'raw'])).trim().split('\n')
    expect(new Set(scanned)).toEqual(new Set(writers.acknowledged.keys()))
  }, 240_000)

  test('ranges on different stores get the same ones first', async () => {
    await using cluster = await TestCluster.up({ nodes: 3 })
    await cluster.ok(['put', 'a', '1'])
    await cluster.ok(['put', 'z', '1'])
    await cluster.ok(['range', 'split', '--key', 'm'])
    const [left, right] = await cluster.ranges()
    await until('the right range is on fewer nodes', async () => {
      return (await cluster.run(['range', 'replicas', '--range', right!.id, '--voters', 'n2,n3'])).code === 0
    })
    await until('the merge', async () => {
      return (await cluster.run(['range', 'merge', '--left', left!.id, '--right', right!.id])).code === 0
    })
    const ranges = await cluster.ranges()
    expect(ranges.map(({ id, replicas }) => [id, replicas.length])).toEqual([[left!.id, 3]])
    expect((await cluster.ok(['scan', '--keys-only', '-o', 'raw'])).trim().split('\n')).toEqual(['a', 'z'])
  }, 120_000)

  test('what can never be merged is refused with its code, and nothing changes', async () => {
    await using cluster = await TestCluster.up({ nodes: 1 })
    await cluster.ok(['range', 'split', '--key', 'm'])
    await cluster.ok(['range', 'split', '--key', 't'])
    const [a, b, c] = await cluster.ranges()
    for (const [left, right] of [
      [a, a],
      [b, a],
      [a, c],
      [a, { id: '1_1' }],
      [a, { id: 'nothing' }],
      [{ id: '1_1' }, a],
    ]) {
      const args = ['range', 'merge', '--left', left!.id, '--right', right!.id]
      const { code, stderr } = await cluster.run(args)
      expect({ args, code: [2, 3].includes(code ?? 0) }).toEqual({ args, code: true })
      expect(stderr).toMatch(/^error (BAD_REQUEST|NOT_FOUND): /)
    }
    expect((await cluster.ranges()).map(({ id, ver }) => [id, ver])).toEqual(
      [a, b, c].map((one) => [one!.id, one!.ver]),
    )
  }, 120_000)
})
