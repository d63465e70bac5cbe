import { expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import { flipLogByte, getAt, putAt, startServing, type TestNode, until } from './cluster.ts'

/** Everything at once: one seed decides which fault comes when (not how the machine's own timing mixes with it). */
function prng(seed: number): (bound: number) => number {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }
}

/** How long a fault lasts is part of the fault. */
const lasting = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const seeds = (process.env.SOAK_SEEDS ?? '1').split(',').map(Number)
const rounds = Number(process.env.SOAK_ROUNDS ?? 12)

test.each(seeds)('faults of all kinds lose nothing that was acknowledged (seed %s)', async (seed) => {
  const random = prng(seed)
  await using c = await startServing(3, {
    compaction: { logBytesSoft: 16 * 1024, logEntriesSoft: 60, patienceMs: 200 },
    storage: { flushAgeMs: 10 },
  })
  const acknowledged = new Map<string, number>()
  const tried = new Map<string, number>()
  let stopped = false
  let count = 0
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let value = 1; !stopped; value++) {
      const key = `w${writer}-${random(40)}`
      const leader = c.running.find((node) => node.hasRange && node.range.isLeader)
      await new Promise((resolve) => setTimeout(resolve, leader ? 0 : 3))
      if (!leader?.hasRange) continue
      tried.set(key, Math.max(tried.get(key) ?? 0, value))
      const error = await putAt(leader, key, String(value).padEnd(200))
      if (error === null) {
        acknowledged.set(key, value)
        count++
      }
    }
  })
  const log: string[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const before = count
      const node = c.nodes[random(c.nodes.length)] as TestNode
      const others = c.nodes.filter((one) => one !== node)
      const kind = random(9)
      log.push(
        `${round}: ${['crash', 'stop', 'isolate', 'cut one way', 'transfer', 'remove and add', 'drop some', 'crash two', 'damage'][kind]} ${node.name}`,
      )
      if (kind === 0) {
        await node.crash()
        await lasting(random(600))
        await node.start()
      } else if (kind === 1) {
        await node.stop()
        await lasting(random(600))
        await node.start()
      } else if (kind === 2) {
        c.isolate(node)
        await lasting(random(900))
        c.heal()
      } else if (kind === 3) {
        c.cut(node, others[random(others.length)]!)
        await lasting(random(900))
        c.heal()
      } else if (kind === 4) {
        const leader = await c.leader()
        await leader.store.handOver(500)
      } else if (kind === 5) {
        for (const voters of [others, c.nodes]) {
          await until(
            async () => {
              const leader = await c.leader()
              try {
                await leader.range.changeReplicas({ voters: voters.map((one) => one.id), learners: [] })
                return true
              } catch (thrown) {
                if (thrown instanceof KvError && thrown.code === 'TryLater') return false
                throw thrown
              }
            },
            `members ${voters.map((one) => one.name)}`,
            20_000,
          )
        }
      } else if (kind === 6) {
        c.passes = () => random(100) < 80
        await lasting(random(900))
        c.passes = () => true
      } else if (kind === 8) {
        // Always the same one: a flaw stays in its files, and shows again at later starts.
        const hurt = c.nodes[2] as TestNode
        await hurt.stop()
        flipLogByte(hurt)
        await hurt.start()
      } else {
        await Promise.all(others.map((one) => one.crash()))
        await Promise.all(others.map((one) => one.start()))
      }
      await until(
        async () => {
          const { config, state } = (await c.leader()).range.describe()
          const held = c.nodes.every((one) => one.hasRange && one.range.confirmed)
          return held && state === 'Normal' && config.voters.length === 3 && config.learners.length === 0
        },
        `three voters after ${log.at(-1)}`,
        25_000,
      )
      await until(() => count > before + 20, `progress after ${log.at(-1)}`, 15_000)
    }
  } catch (thrown) {
    console.log(log.join('\n'))
    for (const node of c.nodes) {
      console.log(node.name, node.id, node.up, JSON.stringify(node.up ? node.store.describe().ranges : []))
      console.log(
        node.lines
          .slice(-25)
          .map((line) => `${node.name} ${line.level} ${line.message} ${JSON.stringify(line.fields)}`)
          .join('\n'),
      )
    }
    throw thrown
  } finally {
    stopped = true
    await Promise.all(writers)
  }
  await c.alike()
  const leader = await c.leader()
  for (const [key, value] of acknowledged) {
    const found = Number(await getAt(leader, key, 'stale'))
    expect([key, found >= value && found <= tried.get(key)!]).toEqual([key, true])
  }
  expect(count).toBeGreaterThan(rounds * 20)
})
