/** Compare-and-set chains while leaders die: were one applied twice, or its first answer lost, the chain would break. */
import { expect, test } from '@jest/globals'
import { runs, TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

test('chains of compare-and-set go on without a break through kill -9 of leaders', async () => {
  await using cluster = await TestCluster.up()
  using client = cluster.client({ timeoutMs: 20_000 })
  const lengths = Array<number>(8).fill(0)
  let running = true
  let ended = false
  const chain = async (number: number): Promise<void> => {
    for (let at = 0; running; at++) {
      const held = at === 0 ? null : String(at - 1)
      const result = await client.compareAndSet(`chain/${number}`, { expect: held, value: String(at) })
      expect({ number, at, ...result }).toEqual({ number, at, succeeded: true })
      lengths[number] = at + 1
    }
  }
  const chains = Promise.all(lengths.map((_, number) => chain(number))).finally(() => (ended = true))
  chains.catch(() => {})
  const total = () => lengths.reduce((sum, length) => sum + length, 0)
  const more = async (): Promise<void> => {
    const target = total() + 200
    await until('the chains grow', () => ended || total() >= target)
  }
  await more()
  for (let round = 0; round < 3; round++) {
    const victim = await cluster.leader()
    const { pid } = cluster.node(victim)
    cluster.signal(victim, 'SIGKILL')
    await until(`${victim} is gone`, () => !runs(pid))
    await more()
    await cluster.ok(['cluster', 'start', victim])
    await cluster.caughtUp(victim)
    await more()
  }
  running = false
  await chains
  for (const [number, length] of lengths.entries()) {
    expect(Buffer.from((await client.get(`chain/${number}`))!).toString()).toBe(String(length - 1))
  }
}, 120_000)
