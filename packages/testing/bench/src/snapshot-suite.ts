/**
 * How fast a replica is filled from nothing, what that costs the writers meanwhile, and how long a node takes to catch up
 * with what it missed. A replica is emptied as an operator does it: its store is taken out of the range and put back.
 */
import { KvError } from '@base-kv/base'
import { type KvClient, openClient } from '@base-kv/client'
import { keyAt } from './call-body.ts'
import type { OurSystem } from './our-cluster.ts'
import { until } from './until.ts'

const VALUE_BYTES = 1_024
const FILL_BYTES = 256e6
const FILL_IN_FLIGHT = 512
/** What writes while a snapshot is pulled and while a node catches up. */
const LOAD_IN_FLIGHT = 64
const BASELINE_MS = 5_000
const MISSED_WRITES = 100_000
const CHANGE_WITHIN_MS = 120_000
const CATCH_UP_WITHIN_MS = 120_000
const POLL_MS = 100

export interface SnapshotResult {
  /** Keys and values of the range. */
  readonly bytes: number
  /** From the request to put the store back until it is a voter again, nothing else going on. */
  readonly pullSeconds: number
  readonly pullBytesPerSecond: number
  /** The same while others write. */
  readonly loadedPullSeconds: number
  readonly loadedPullBytesPerSecond: number
  /** Puts a second before and while it is pulled, with as many voters. */
  readonly putsBefore: number
  readonly putsMeanwhile: number
  /** A node that stood still for so many writes, until it has applied what the leader had 100 ms ago, under load. */
  readonly missedWrites: number
  readonly catchUpSeconds: number
}

interface Replica {
  readonly node: string
  readonly store: string
  readonly pid: number
  readonly leads: boolean
  readonly applied: number
}

export async function measureSnapshot(
  ours: OurSystem,
  { mark, say }: { readonly mark: string; readonly say: (line: string) => void },
): Promise<SnapshotResult> {
  const client = openClient({ endpoints: ours.endpoints, timeoutMs: 30_000 })
  try {
    return await new SnapshotSuite(client, mark, say).run()
  } finally {
    client.close()
  }
}

class SnapshotSuite {
  readonly #client: KvClient
  readonly #mark: string
  readonly #say: (line: string) => void
  readonly #value = Buffer.alloc(VALUE_BYTES, 'v')
  #keys = 0

  constructor(client: KvClient, mark: string, say: (line: string) => void) {
    this.#client = client
    this.#mark = mark
    this.#say = say
  }

  async run(): Promise<SnapshotResult> {
    this.#say(`snapshot: ${FILL_BYTES / 1e6} MB of pairs are written`)
    await this.#putMany(FILL_BYTES / VALUE_BYTES, FILL_IN_FLIGHT)
    const all = await this.#replicas()
    const away = all.find(({ leads }) => !leads)
    if (!away) throw new KvError('TryLater', 'base-kv has no follower')

    const pullSeconds = await this.#refill(all, away)
    const bytes = this.#keys * (VALUE_BYTES + 16)
    this.#say(`snapshot: ${(bytes / 1e6 / pullSeconds).toFixed(1)} MB/s without load`)

    await this.#setVoters(all.filter(({ store }) => store !== away.store))
    const load = this.#load()
    const before = await load.during(() => new Promise((resolve) => setTimeout(resolve, BASELINE_MS)))
    const loadedBytes = this.#keys * (VALUE_BYTES + 16)
    const meanwhile = await load.during(() => this.#setVoters(all))
    await load.stop()
    this.#say(
      `snapshot: ${(loadedBytes / 1e6 / meanwhile.seconds).toFixed(1)} MB/s under load, ` +
        `${Math.round(before.perSecond)} puts/s before, ${Math.round(meanwhile.perSecond)} meanwhile`,
    )

    const catchUpSeconds = await this.#missAndCatchUp(away)
    this.#say(`snapshot: ${MISSED_WRITES} missed writes caught up in ${catchUpSeconds.toFixed(1)} s`)
    return {
      bytes,
      pullSeconds,
      pullBytesPerSecond: bytes / pullSeconds,
      loadedPullSeconds: meanwhile.seconds,
      loadedPullBytesPerSecond: loadedBytes / meanwhile.seconds,
      putsBefore: before.perSecond,
      putsMeanwhile: meanwhile.perSecond,
      missedWrites: MISSED_WRITES,
      catchUpSeconds,
    }
  }

  async #refill(all: readonly Replica[], away: Replica): Promise<number> {
    await this.#setVoters(all.filter(({ store }) => store !== away.store))
    const startMs = performance.now()
    await this.#setVoters(all)
    return (performance.now() - startMs) / 1_000
  }

  /** Resolves when they are the voters, and whoever is none has nothing any more. */
  async #setVoters(voters: readonly Replica[]): Promise<void> {
    const { rangeId } = await this.#range()
    await this.#client.changeReplicas({
      rangeId,
      voters: voters.map(({ store }) => store),
      timeoutMs: CHANGE_WITHIN_MS,
    })
    await until('those who were taken out are empty', CHANGE_WITHIN_MS, async () => {
      return (await this.#replicas()).length === voters.length || undefined
    })
  }

  async #missAndCatchUp(away: Replica): Promise<number> {
    process.kill(away.pid, 'SIGSTOP')
    try {
      await this.#putMany(MISSED_WRITES, FILL_IN_FLIGHT)
    } finally {
      process.kill(away.pid, 'SIGCONT')
    }
    const startMs = performance.now()
    const load = this.#load()
    let leaderHad = Infinity
    await until('the node has caught up', CATCH_UP_WITHIN_MS, async () => {
      const replicas = await this.#replicas()
      const here = replicas.find(({ store }) => store === away.store)
      const leader = replicas.find(({ leads }) => leads)
      if (here && here.applied >= leaderHad) return true
      if (here && here.applied >= leaderHad) return true
      leaderHad = leader?.applied ?? Infinity
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      return undefined
    })
    const seconds = (performance.now() - startMs) / 1_000
    await load.stop()
    return seconds
  }

  /** Writers that go on until they are stopped. */
  #load() {
    let acknowledged = 0
    let stopped = false
    const writer = async () => {
      while (!stopped) {
        await this.#client.put(keyAt(this.#mark, this.#keys++), this.#value)
        acknowledged++
      }
    }
    const writers = Promise.all(Array.from({ length: LOAD_IN_FLIGHT }, writer))
    return {
      during: async (work: () => Promise<unknown>) => {
        const [from, startMs] = [acknowledged, performance.now()]
        await Promise.race([work(), writers])
        const seconds = (performance.now() - startMs) / 1_000
        return { seconds, perSecond: (acknowledged - from) / seconds }
      },
      stop: async () => {
        stopped = true
        await writers
      },
    }
  }

  async #putMany(count: number, inFlight: number): Promise<void> {
    const end = this.#keys + count
    const writer = async () => {
      while (this.#keys < end) await this.#client.put(keyAt(this.#mark, this.#keys++), this.#value)
    }
    await Promise.all(Array.from({ length: inFlight }, writer))
  }

  async #range() {
    const [range] = (await this.#client.describe({ timeoutMs: 2_000 })).ranges
    if (!range) throw new KvError('TryLater', 'base-kv has no range')
    return range
  }

  /** Those that hold the only range. */
  async #replicas(): Promise<Replica[]> {
    const { nodes } = await this.#client.describe({ timeoutMs: 2_000 })
    return nodes.flatMap(({ store }) => {
      const range = store?.ranges?.[0]
      if (!store?.id || !range) return []
      return {
        node: store.node ?? '',
        store: store.id,
        pid: store.pid ?? 0,
        leads: range.leader === store.id && range.role === 'Leader',
        applied: range.appliedIndex ?? 0,
      }
    })
  }
}
