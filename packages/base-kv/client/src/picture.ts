/** What all nodes say of themselves, asked now: for people, and for management, which wants the newest. */
import { KvError, toKvError } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import { clusterHint } from './hints.ts'
import type { Route } from './route-table.ts'
import type { Router } from './router.ts'

export interface NodePicture {
  /** Where it was dialled, host:port. */
  readonly address: string
  /** Absent when the node did not answer; then `error` says why. */
  readonly store?: v1.StoreDescriptor.$Properties
  readonly peers?: readonly v1.KnownPeer.$Properties[]
  readonly error?: KvError
}

export interface ClusterPicture {
  /** By node name, those without an answer last. */
  readonly nodes: readonly NodePicture[]
  /** Who leads what, the newest of what all say, in key order. */
  readonly ranges: readonly Route[]
}

/** Which ranges are meant: those with these ids, and those that hold these keys. */
export interface RangesChoice {
  readonly rangeIds?: readonly string[]
  readonly keys?: readonly Uint8Array[]
}

/** Asks the endpoints, then those that they know, for all ranges unless some are chosen. Rejects when not one node answers. */
export async function describeCluster(
  router: Router,
  timeoutMs: number,
  choice?: RangesChoice,
): Promise<ClusterPicture> {
  const pictures = new Map<string, NodePicture>()
  const untilMs = router.nowMs + timeoutMs
  for (let round = 0; round < 2; round++) {
    const addresses = router.book.all().filter((address) => !pictures.has(address))
    const leftMs = Math.max(untilMs - router.nowMs, 1)
    const answers = await Promise.all(addresses.map((address) => describeNode(router, address, leftMs, choice)))
    for (const picture of answers) pictures.set(picture.address, picture)
  }
  const nodes = dedupe([...pictures.values()])
  if (nodes.some(({ store }) => store)) return { nodes, ranges: router.routes }
  throw nobodyAnswers(nodes)
}

async function describeNode(
  router: Router,
  address: string,
  timeoutMs: number,
  choice: RangesChoice | undefined,
): Promise<NodePicture> {
  try {
    const node = router.nodeAt(address)
    const { store, peers } = choice
      ? await node.describeSome({ rangeIds: [...(choice.rangeIds ?? [])], keys: [...(choice.keys ?? [])] }, timeoutMs)
      : await node.describeAll(timeoutMs)
    if (store) return { address, store, peers }
    throw new KvError('InternalError', 'the node described nothing')
  } catch (thrown) {
    return { address, error: toKvError(thrown) }
  }
}

/** One picture a store: an endpoint and an advertised address may be the same node. */
function dedupe(pictures: readonly NodePicture[]): NodePicture[] {
  const seen = new Set<string>()
  const one = pictures.filter(({ store }) => {
    if (!store?.id) return true
    const isNew = !seen.has(store.id)
    seen.add(store.id)
    return isNew
  })
  const order = ({ store, address }: NodePicture): string => (store ? `0${store.node ?? ''}` : `1${address}`)
  return one.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
}

function nobodyAnswers(nodes: readonly NodePicture[]): KvError {
  const [first] = nodes.flatMap(({ error }) => (error ? [error] : []))
  const addresses = nodes.map(({ address }) => address).join(', ')
  const isRefusal = first !== undefined && first.applied === 'no'
  return new KvError(
    isRefusal ? first.code : 'Unreachable',
    `no node answers at ${addresses}: ${first?.message ?? ''}`,
    {
      hint: first?.hint ?? clusterHint,
    },
  )
}
