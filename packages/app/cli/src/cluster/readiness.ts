/** When a started cluster is ready: every node answers and holds the first range, and that has a leader. */
import { setTimeout as sleep } from 'node:timers/promises'
import { KvError, toKvError } from '@base-kv/base'
import { openClient } from '@base-kv/client'
import { type ClusterView, clusterView } from '../cluster-view.ts'

const POLL_MS = 50

export interface ReadinessOptions {
  readonly endpoints: readonly string[]
  readonly withinMs: number
  /** Throws when waiting has no sense any more, for example since a process ended. */
  check(): void
}

/** @throws KvError TryLater when it takes too long */
export async function untilReady(options: ReadinessOptions): Promise<ClusterView> {
  const deadline = performance.now() + options.withinMs
  let last = 'no node answers yet'
  while (performance.now() < deadline) {
    options.check()
    const view = await lookAt(options.endpoints, LOOK_MS).catch((thrown: unknown) => {
      last = toKvError(thrown).message
      return undefined
    })
    if (view && isReady(view, options.endpoints.length)) return view
    if (view) last = view.health
    await sleep(POLL_MS)
  }
  throw new KvError('TryLater', `the cluster was not ready within ${options.withinMs / 1_000} s: ${last}`, {
    hint: 'see `base-kv cluster status` and `base-kv cluster logs n1`',
  })
}

/** Thousands of ranges take a while to be told. */
const LOOK_MS = 10_000

/** A client of its own each time: one that could not dial waits before it tries again. */
export async function lookAt(endpoints: readonly string[], timeoutMs = 1_000): Promise<ClusterView> {
  const client = openClient({ endpoints, timeoutMs, unreachablePatienceMs: 0 })
  try {
    return clusterView(await client.describe({ timeoutMs }))
  } finally {
    client.close()
  }
}

/** Every voter has heard of a leader's entry: it serves what it is asked. A node that was wiped holds nothing, for good. */
function isReady(view: ClusterView, count: number): boolean {
  const up = view.nodes.filter((node) => node.state === 'up').length
  if (up < count || view.ranges.length === 0) return false
  return view.ranges.every(
    ({ leader, voters, votersUp, replicas }) =>
      leader !== null && votersUp === voters.length && replicas.every((replica) => replica.appliedIndex > 0),
  )
}
