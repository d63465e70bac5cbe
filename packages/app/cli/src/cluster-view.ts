/** What people want to see of a cluster, drawn from what its nodes say of themselves. */
import type { ClusterPicture } from '@base-kv/client'
import type { v1 } from '@base-kv/protocol'

export interface StoreRef {
  readonly node: string
  readonly store: string
}

export interface NodeView extends StoreRef {
  readonly address: string
  readonly state: 'up' | 'unreachable'
  readonly role: string
  readonly appliedIndex: number | null
  readonly uptimeMs: number | null
  readonly pid: number | null
  readonly version: string
  /** Why it did not answer; empty when it did. */
  readonly error: string
}

interface ReplicaView extends StoreRef {
  readonly role: string
  readonly member: 'voter' | 'learner' | 'none'
  readonly term: number
  readonly appliedIndex: number
  readonly commitIndex: number
  readonly lastIndex: number
  /** Of the newest entry in the log. */
  readonly lastTerm: number
  readonly flushedIndex: number
  readonly snapshotIndex: number
  /** Why this replica takes no part any more; empty when it is healthy. */
  readonly damage: string
}

export interface HintView {
  readonly type: string
  readonly load: Readonly<Record<string, number>>
  readonly splitKey: Uint8Array | null
}

export interface RangeView {
  readonly id: string
  readonly leader: StoreRef | null
  readonly startKey: Uint8Array | null
  readonly endKey: Uint8Array | null
  readonly ver: { readonly high: number; readonly low: number }
  readonly state: string
  readonly term: number
  readonly voters: readonly StoreRef[]
  readonly learners: readonly StoreRef[]
  /** Roughly; null until somebody looked. */
  readonly sizeBytes: number | null
  readonly keys: number | null
  /** What the leader says of its followers, by store: in the reference system's words. */
  readonly syncState: Readonly<Record<string, string>>
  readonly hints: readonly HintView[]
  readonly fact: Uint8Array
  readonly hlc: string
  /** Of the leader, else the furthest. */
  readonly appliedIndex: number
  readonly replicas: readonly ReplicaView[]
  /** Voters whose nodes answer. */
  readonly votersUp: number
}

export interface ClusterView {
  readonly nodes: readonly NodeView[]
  readonly ranges: readonly RangeView[]
  readonly healthy: boolean
  /** One sentence. */
  readonly health: string
}

export function clusterView(picture: ClusterPicture): ClusterView {
  const nameOf = storeNames(picture)
  const ref = (store: string): StoreRef => ({ node: nameOf.get(store) ?? '?', store })
  const ranges = rangesOf(picture, ref)
  const known = knownByAddress(picture)
  const nodes = picture.nodes.map((node) => nodeView(node, nameOf, known.get(node.address)))
  return { nodes, ranges, ...judge(nodes, ranges) }
}

/** Node names by store id, from every node's own words and what it knows of its peers. */
function storeNames({ nodes }: ClusterPicture): Map<string, string> {
  const names = new Map<string, string>()
  for (const { peers } of nodes) for (const peer of peers ?? []) names.set(peer.storeId ?? '', peer.node ?? '')
  for (const { store } of nodes) if (store) names.set(store.id ?? '', store.node ?? '')
  return names
}

/** What the others know of a node that does not answer itself. */
function knownByAddress({ nodes }: ClusterPicture): Map<string, StoreRef> {
  const peers = nodes.flatMap((node) => node.peers ?? [])
  return new Map(
    peers.map(({ address, node, storeId }) => [address ?? '', { node: node ?? '?', store: storeId ?? '' }]),
  )
}

function nodeView(
  node: ClusterPicture['nodes'][number],
  nameOf: ReadonlyMap<string, string>,
  known: StoreRef = { node: '?', store: '' },
): NodeView {
  const { store, address, error } = node
  if (!store) {
    return {
      ...known,
      address,
      state: 'unreachable',
      role: '',
      appliedIndex: null,
      uptimeMs: null,
      pid: null,
      version: '',
      error: error?.message ?? 'no answer',
    }
  }
  const roles = (store.ranges ?? []).map((range) => range.role ?? '')
  const leads = roles.filter((role) => role === 'Leader').length
  return {
    node: store.node ?? nameOf.get(store.id ?? '') ?? '?',
    store: store.id ?? '',
    address,
    state: 'up',
    role: roles.length > 1 ? `leads ${leads} of ${roles.length}` : (roles[0] ?? 'holds nothing'),
    appliedIndex: store.ranges?.[0]?.appliedIndex ?? null,
    uptimeMs: store.uptimeMs ?? null,
    pid: store.pid ?? null,
    version: store.version ?? '',
    error: '',
  }
}

function rangesOf(picture: ClusterPicture, ref: (store: string) => StoreRef): RangeView[] {
  const replicas = new Map<string, { store: string; range: v1.RangeDescriptor.$Properties }[]>()
  for (const { store } of picture.nodes) {
    for (const range of store?.ranges ?? []) {
      const id = range.id ?? ''
      replicas.set(id, [...(replicas.get(id) ?? []), { store: store?.id ?? '', range }])
    }
  }
  return picture.ranges.flatMap((route) => {
    const own = replicas.get(route.rangeId) ?? []
    // The leader's word counts; without one, that of the replica furthest along.
    const chief =
      own.find(({ store, range }) => store === route.leader && range.role === 'Leader') ??
      own.toSorted((a, b) => (b.range.appliedIndex ?? 0) - (a.range.appliedIndex ?? 0))[0]
    if (!chief) return []
    const config = chief.range.config
    const voters = [...new Set([...(config?.voters ?? []), ...(config?.nextVoters ?? [])])]
    const learners = [...new Set([...(config?.learners ?? []), ...(config?.nextLearners ?? [])])]
    const refs = (stores: readonly string[]) => stores.map(ref).sort((a, b) => (a.node < b.node ? -1 : 1))
    const member = (store: string) =>
      voters.includes(store) ? 'voter' : learners.includes(store) ? 'learner' : ('none' as const)
    return [
      {
        id: route.rangeId,
        leader: chief.range.role === 'Leader' ? ref(chief.store) : null,
        startKey: route.boundary.start,
        endKey: route.boundary.end,
        ver: { high: route.verHigh, low: route.verLow },
        state: chief.range.state ?? '',
        term: chief.range.term ?? 0,
        voters: refs(voters),
        learners: refs(learners),
        sizeBytes: chief.range.statistics?.dataSize ?? null,
        keys: chief.range.statistics?.keys ?? null,
        syncState: syncState(chief.range),
        hints: (chief.range.hints ?? []).map(({ type, load, splitKey }) => ({
          type: type ?? '',
          load: load ?? {},
          splitKey: splitKey ?? null,
        })),
        fact: chief.range.fact ?? new Uint8Array(0),
        hlc: chief.range.hlc ?? '0',
        appliedIndex: chief.range.appliedIndex ?? 0,
        replicas: own.map(({ store, range }) => ({
          ...ref(store),
          role: range.role ?? '',
          member: member(store),
          term: range.term ?? 0,
          appliedIndex: range.appliedIndex ?? 0,
          commitIndex: range.commitIndex ?? 0,
          lastIndex: range.lastIndex ?? 0,
          lastTerm: range.lastTerm ?? 0,
          flushedIndex: range.flushedIndex ?? 0,
          snapshotIndex: range.snapshotIndex ?? 0,
          damage: range.damage ?? '',
        })),
        votersUp: own.filter(({ store, range }) => voters.includes(store) && !range.damage).length,
      },
    ]
  })
}

const SYNC_WORDS: Readonly<Record<string, string>> = {
  probe: 'Probing',
  replicate: 'Replicating',
  snapshot: 'SnapshotSyncing',
}

const syncState = ({ progress }: v1.RangeDescriptor.$Properties): Record<string, string> =>
  Object.fromEntries((progress ?? []).map(({ storeId, state }) => [storeId ?? '', SYNC_WORDS[state ?? ''] ?? '']))

function judge(nodes: readonly NodeView[], ranges: readonly RangeView[]): Pick<ClusterView, 'healthy' | 'health'> {
  const up = nodes.filter((node) => node.state === 'up').length
  const leaderless = ranges.filter((range) => range.leader === null).length
  const thin = ranges.filter((range) => range.votersUp < range.voters.length).length
  const counted = `${up} of ${nodes.length} nodes answer`
  if (ranges.length === 0) return { healthy: false, health: `${counted}, no range exists yet: bootstrap is not done` }
  if (leaderless > 0) {
    return {
      healthy: false,
      health: `${counted}, ${leaderless} of ${ranges.length} ranges have no leader: writes wait`,
    }
  }
  if (thin > 0 || up < nodes.length) {
    const least = Math.min(...ranges.map((range) => range.votersUp - (Math.floor(range.voters.length / 2) + 1)))
    return { healthy: true, health: `degraded: ${counted}, writes go on, ${more(least)} may fail` }
  }
  const spare = Math.min(...ranges.map((range) => Math.floor((range.voters.length - 1) / 2)))
  return { healthy: true, health: `healthy: ${counted}, every range has a leader, ${more(spare)} may fail` }
}

function more(nodes: number): string {
  return nodes <= 0 ? 'no further node' : nodes === 1 ? 'any one node' : `any ${nodes} nodes`
}

/** Enough of a store id to be told from the others. */
export const shortStore = (store: string): string => store.slice(0, 8)

export const showRef = (ref: StoreRef | null): string => (ref ? `${ref.node} ${shortStore(ref.store)}` : '')
