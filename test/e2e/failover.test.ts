/** kill -9 of any one node under load: writes go on, nothing acknowledged is lost, the node comes back and catches up. */
import { describe, expect, test } from '@jest/globals'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'
import { startWriters } from '../harness/writers.ts'

describe('kill -9 under load', () => {
  test('each node once, the leader twice: nothing acknowledged is lost', async () => {
    await using cluster = await TestCluster.up()
    using client = cluster.client()
    const writers = startWriters(client)
    const more = async () => {
      const target = writers.acknowledged.size === 0 ? 1 : newest(writers.acknowledged) + 50
      await until('more writes are acknowledged', () => newest(writers.acknowledged) >= target)
    }
    try {
      await more()
      for (const wanted of ['leader', 'n1', 'n2', 'n3', 'leader']) {
        const victim = wanted === 'leader' ? await cluster.leader() : wanted
        const { pid } = cluster.node(victim)
        cluster.signal(victim, 'SIGKILL')
        await until(`${victim} is gone`, () => !runs(pid))
        await more()
        await cluster.ok(['cluster', 'start', victim])
        await cluster.caughtUp(victim)
        await more()
      }
    } finally {
      await writers.stop()
    }
    expect(writers.acknowledged.size).toBeGreaterThan(100)
    expect(await writers.missing(client)).toEqual([])
    // Once nobody writes, all three have applied the same.
    await until('all replicas are level', async () => {
      const { replicas } = await cluster.range()
      return replicas.length === 3 && new Set(replicas.map((replica) => replica.appliedIndex)).size === 1
    })
  }, 120_000)

  test('all three at once: what was acknowledged is there after the restart', async () => {
    await using cluster = await TestCluster.up()
    using client = cluster.client({ timeoutMs: 3_000 })
    const writers = startWriters(client)
    await until('writes are acknowledged', () => newest(writers.acknowledged) > 100)
    for (const { name } of cluster.nodes()) cluster.signal(name, 'SIGKILL')
    await until('all are gone', () => cluster.nodes().every(({ pid }) => !runs(pid)))
    await writers.stop()
    await cluster.ok(['cluster', 'up', '--detach'])
    using reader = cluster.client()
    expect(await writers.missing(reader)).toEqual([])
  }, 120_000)

  test('SIGTERM of the leader hands leadership over; a stopped node exits 0 within 10 s', async () => {
    await using cluster = await TestCluster.up()
    const leader = await cluster.leader()
    const begun = performance.now()
    await cluster.ok(['cluster', 'stop', leader])
    expect(performance.now() - begun).toBeLessThan(10_000)
    const status = JSON.parse((await cluster.run(['cluster', 'status', '-o', 'json'])).stdout) as {
      nodes: { name: string; exit: unknown }[]
    }
    expect(status.nodes.find((node) => node.name === leader)?.exit).toMatchObject({ code: 0 })
    expect(await cluster.leader()).not.toBe(leader)
    await cluster.ok(['put', 'a', '1'])
  }, 120_000)
})

/** How far the slowest-changing of all values has come: "writer:sequence". */
function newest(acknowledged: ReadonlyMap<string, string>): number {
  let most = 0
  for (const value of acknowledged.values()) most = Math.max(most, Number(value.split(':')[1]))
  return most
}
