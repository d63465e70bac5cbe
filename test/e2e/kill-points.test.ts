/**
 * A node dies at each of the moments at which that hurts most (base/src/kill-point.ts), really, by SIGKILL, and comes back.
 * Each time the cluster must be whole again without anybody's help: every range has a leader and all its voters have what
 * it had, and every acknowledged key is there.
 *
 * One cluster for all of them. n3 is the one that dies; it is armed for the next point when it is started again.
 */
import { expect, test } from '@jest/globals'
import { type KillPoint, killPoints } from '@base-kv/base'
import { ChildNodes } from '../harness/child-nodes.ts'
import { type Ended, runCli } from '../harness/cli.ts'
import { until } from '../harness/until.ts'
import { startWriters } from '../harness/writers.ts'

const VICTIM = 'n3'
const OTHERS = ['n1', 'n2']
/** Some points want 32 MiB of synced log first, on a machine that may be busy. */
const PATIENCE_MS = 60_000

interface Way {
  /** The point is reached so often. */
  readonly count?: number
  /** With all three nodes up and n3 armed. */
  readonly prepare?: (run: Run) => Promise<void>
  /** What makes n3 come to the point; it may fail. Without it: work that goes on anyway. */
  readonly drive?: (run: Run) => Promise<unknown>
}

/** One life of n3. Whatever waits for something gives up when it has died: what was left to be done may lead there too. */
class Run {
  readonly cluster: ChildNodes
  readonly point: KillPoint
  readonly ended: Promise<Ended>
  died = false

  constructor(cluster: ChildNodes, point: KillPoint, count: number) {
    this.cluster = cluster
    this.point = point
    const { ended } = cluster.start(VICTIM, { BASE_KV_KILL_POINT: `${point}:${count}` })
    this.ended = ended.then((how) => {
      this.died = true
      return how
    })
  }

  whole(): Promise<void> {
    return this.cluster.whole({ until: () => this.died })
  }

  async first() {
    const [range] = await this.cluster.ranges()
    if (range === undefined) throw new Error('no range')
    return range
  }

  async last() {
    const ranges = await this.cluster.ranges()
    return ranges.at(-1) ?? (await this.first())
  }

  lead(id: string, node: string): Promise<unknown> {
    const what = `${this.point}: ${node} leads ${id}`
    const probe = async (): Promise<boolean> => {
      const range = (await this.cluster.ranges()).find((one) => one.id === id)
      if (this.died || range?.leader?.node === node) return true
      await this.#orDeath(this.cluster.client.transfer({ rangeId: id, to: node, timeoutMs: 2_000 }))
      return false
    }
    return until(what, probe, PATIENCE_MS)
  }

  /** Who holds the first range; asked again until it is so. */
  hold(voters: readonly string[]): Promise<unknown> {
    const what = `${this.point}: ${voters.join(', ')} hold the first range`
    const probe = async (): Promise<boolean> => {
      const range = await this.first()
      const present = range.voters.map(({ node }) => node)
      if (this.died || present.toSorted().join() === voters.toSorted().join()) return true
      await this.#orDeath(this.cluster.client.changeReplicas({ rangeId: range.id, voters, timeoutMs: 10_000 }))
      return false
    }
    return until(what, probe, PATIENCE_MS)
  }

  async #orDeath(work: Promise<unknown>): Promise<void> {
    await Promise.race([work, this.ended])
  }
}

let cuts = 0
const splitsRange: Way = {
  drive: ({ cluster }) => cluster.client.split({ key: `writers/${++cuts}/`, timeoutMs: 10_000 }),
}
const splitsOwnRange: Way = {
  ...splitsRange,
  prepare: async (run) => void (await run.lead((await run.last()).id, VICTIM)),
}
/** Those that a split has just made. */
const merges: Way = {
  prepare: async (run) => {
    await run.cluster.client.split({ key: `m/${++cuts}`, timeoutMs: 10_000 })
    await run.whole()
  },
  drive: async ({ cluster }) => {
    const [left, right] = await cluster.ranges()
    await cluster.client.merge({ leftId: left?.id ?? '', rightId: right?.id ?? '', timeoutMs: 10_000 })
  },
}
const mergesOwn: Way = {
  ...merges,
  prepare: async (run) => {
    await merges.prepare?.(run)
    for (const { id } of (await run.cluster.ranges()).slice(0, 2)) await run.lead(id, VICTIM)
  },
}
const leaves: Way = {
  prepare: async (run) => void (await run.lead((await run.first()).id, 'n1')),
  drive: (run) => run.hold(OTHERS),
}
const comes: Way = {
  prepare: async (run) => {
    await run.lead((await run.first()).id, 'n1')
    await run.hold(OTHERS)
  },
  drive: (run) => run.hold([...OTHERS, VICTIM]),
}
const changesMembers: Way = {
  prepare: async (run) => void (await run.lead((await run.first()).id, VICTIM)),
  drive: (run) => run.hold(['n2', VICTIM]),
}
/** Until the log is cut. */
const fillsLog: Way = {
  drive: async (run) => {
    const value = Buffer.alloc(1024 * 1024, 'x')
    const write = async (key: string): Promise<void> => {
      while (!run.died) await run.cluster.client.put(key, value).catch(() => {})
    }
    await Promise.all([write('big/0'), write('big/1')])
  },
}
/** So often while writers write. */
const goesOn: Way = { count: 20 }

/** In an order in which what one leaves to be done does not lead to the next one, which is to begin with a whole cluster. */
const ways: Readonly<Record<KillPoint, Way>> = {
  'log.cut': fillsLog,
  // It is due again at once.
  'log.shortened': {},
  'replica.destroy': leaves,
  'merge.prepared': mergesOwn,
  'split.apply': splitsOwnRange,
  'members.logged': changesMembers,
  'replica.entombed': leaves,
  'data.flush': goesOn,
  'merge.frozen': mergesOwn,
  'replica.create': comes,
  'split.logged': splitsRange,
  'members.joint': changesMembers,
  'replica.destroyed': leaves,
  'merge.apply': merges,
  'log.flush': goesOn,
  'replica.created': comes,
  'split.flushed': splitsOwnRange,
  'members.left': changesMembers,
  'snapshot.pull': comes,
  'merge.flushed': merges,
  'slots.clear': leaves,
  'merge.entombed': mergesOwn,
  'snapshot.load': { ...comes, count: 2 },
  'split.finished': splitsRange,
  'snapshot.loaded': comes,
  'data.flushed': goesOn,
  'snapshot.install': comes,
  'merge.finished': merges,
  'slots.cleared': leaves,
  'snapshot.swapped': comes,
  'log.flushed': goesOn,
  'snapshot.installed': comes,
}

test('a node that dies at any of the kill points comes back, and the cluster is whole', async () => {
  const points = Object.keys(ways) as KillPoint[]
  expect(points.toSorted()).toEqual(killPoints.toSorted())
  await using cluster = await ChildNodes.configure(3)
  const { client } = cluster
  const acknowledged: string[] = []
  const readable = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of client.scan({ prefix: 'point/' })) found.push(Buffer.from(key).toString())
    return found.sort()
  }

  /** @returns once n3 has died */
  const dieAt = async (point: KillPoint): Promise<void> => {
    const { count = 1, prepare, drive } = ways[point]
    const run = new Run(cluster, point, count)
    if (drive) {
      await run.whole()
      await run.hold(cluster.names)
      await prepare?.(run)
      expect(await readable()).toEqual(acknowledged.toSorted())
      await client.put(`point/${point}`, point)
      acknowledged.push(`point/${point}`)
      if (!run.died) drive(run).catch(() => {})
    }
    await until(`n3 dies at ${point}`, () => run.died, PATIENCE_MS)
    const { signal, stdout } = await run.ended
    expect({ point, signal, said: stdout.includes('kills itself') }).toEqual({ point, signal: 'SIGKILL', said: true })
  }

  for (const name of OTHERS) cluster.start(name)
  const life = cluster.start(VICTIM)
  await cluster.whole()
  const writers = startWriters(client, { count: 10, pauseMs: 20 })
  try {
    for (let i = 0; i < 8; i++) await client.put(`big/${i}`, Buffer.alloc(128 * 1024, i))
    life.child.kill('SIGTERM')
    await life.ended
    for (const point of points) await dieAt(point)
    cluster.start(VICTIM)
    await cluster.whole()
    expect(await readable()).toEqual(acknowledged.toSorted())
  } finally {
    await writers.stop()
  }
  expect(writers.acknowledged.size).toBeGreaterThan(100)
  expect(await writers.missing(client)).toEqual([])
  const listed = await runCli(['range', 'list', '--endpoints', cluster.endpoints.join(',')])
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toContain('writers/')
}, 600_000)
