/**
 * The other nodes, as this one knows them: one link to each configured address, who answers there, and which stores they
 * host. Everything that leaves for another node goes through here.
 */
import {
  type HostId,
  KvError,
  type Log,
  parseStoreId,
  type RangeId,
  rangeIdFromBytes,
  rangeIdToBytes,
  type StoreId,
  storeIdFromBytes,
} from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import {
  openChannel,
  openPeerLink,
  type PeerHandlers,
  type PeerLink,
  type RpcChannel,
  type TlsOptions,
} from '@base-kv/rpc'
import type { Store, StoreTransport } from '@base-kv/store'
import type { GatewayReply, GatewayRequest, OperationForwarder } from './gateway.ts'
import { OperationStream } from './operation-stream.ts'

export const PEER_PROTOCOL_VERSION = 1

export interface NodePeersOptions {
  readonly cluster: string
  readonly host: HostId
  readonly node: string
  /** What others dial. */
  readonly address: string
  /** Nodes that are dialled whoever else is met, among them those that begin the cluster; the own address is left out. */
  readonly peers: readonly string[]
  /** How many empty stores form the first range. */
  readonly expect: number
  readonly tls?: TlsOptions
}

interface Peer {
  readonly address: string
  readonly link: PeerLink
  channel: RpcChannel | null
  operations: OperationStream | null
  // Stores hosted there, by service name; as of the last Hello.
  stores: ReadonlyMap<string, StoreId>
  lastHost: string
  hello: v1.HelloReply | null
}

export interface KnownStore {
  readonly store: StoreId
  readonly service: string
  readonly host: string
  readonly node: string
  readonly address: string
  readonly connected: boolean
}

export class NodePeers implements StoreTransport, OperationForwarder {
  readonly #options: NodePeersOptions
  readonly #log: Log
  readonly #stores: ReadonlyMap<string, Store>
  readonly #onChange: () => void
  #peers: Peer[] = []
  // Those with which a link stands; of two links to one node the older.
  #byStore = new Map<StoreId, Peer>()
  #started = false
  #wanted: ReadonlySet<string> = new Set()
  // Nodes of which it was said that they expect another number.
  readonly #odd = new Set<string>()

  constructor(
    options: NodePeersOptions,
    deps: { readonly log: Log; readonly stores: ReadonlyMap<string, Store>; onChange(): void },
  ) {
    this.#options = options
    this.#log = deps.log
    this.#stores = deps.stores
    this.#onChange = () => deps.onChange()
  }

  /** Begins to dial. After the stores are open: the first Hello says what they hold. */
  start(): void {
    this.#started = true
    this.meet([])
  }

  /**
   * Who else is in the cluster by now, as each advertises itself. The configured ones are always dialled. A link that stands
   * is left alone, also when its node is said to have left: what is under way on it may still end.
   */
  meet(addresses: readonly string[]): void {
    if (!this.#started) return
    const { address: own, peers } = this.#options
    this.#wanted = new Set([...peers, ...addresses].filter((address) => address !== own))
    for (const peer of this.#peers) if (!peer.link.hello) this.#partUnlessWanted(peer)
    const dialled = new Set(this.#peers.map(({ address }) => address))
    for (const address of this.#wanted) if (!dialled.has(address)) this.#peers.push(this.#dial(address))
  }

  #partUnlessWanted(peer: Peer): void {
    if (this.#wanted.has(peer.address)) return
    this.#peers = this.#peers.filter((other) => other !== peer)
    closePeer(peer)
  }

  /** What this node answers when others dial it. */
  get handlers(): PeerHandlers {
    return {
      hello: (request) => {
        const refused = this.#refusal(request)
        if (!refused) this.#heardRenewed(request.stores ?? [])
        return { ...this.#hello(), refused }
      },
      onMessages: (_from, messages) => {
        for (const store of this.#stores.values()) store.receive(messages)
      },
      snapshot: (request) => this.#snapshot(request),
    }
  }

  // ---- StoreTransport ----------------------------------------------------------------------------------------------------

  send(to: StoreId, messages: readonly v1.RaftMessage.$Properties[]): void {
    this.#byStore.get(to)?.link.send(messages)
  }

  pullSnapshot(from: StoreId, request: v1.PullSnapshotRequest.$Properties): AsyncIterable<v1.SnapshotChunk> {
    const peer = this.#byStore.get(from)
    if (!peer) throw new KvError('Unreachable', `store ${from} is not connected`)
    return peer.link.pullSnapshot(request)
  }

  // ---- OperationForwarder ------------------------------------------------------------------------------------------------

  forward(to: StoreId, request: GatewayRequest, hops: number, reply: GatewayReply): boolean {
    const peer = this.#byStore.get(to)
    if (!peer || !peer.link.hello) return false
    if (!peer.operations) {
      const stream = new OperationStream(this.#channelTo(peer), () => {
        if (peer.operations === stream) peer.operations = null
      })
      peer.operations = stream
    }
    return peer.operations.send(request, hops, reply)
  }

  reachable(service: string): readonly StoreId[] {
    return [...this.#byStore].flatMap(([store, peer]) => (peer.stores.get(service) === store ? store : []))
  }

  // ---- for management and people -------------------------------------------------------------------------------------------

  /** A channel for unary calls to the node that hosts `store`; null when it is not connected. */
  channelOf(store: StoreId): RpcChannel | null {
    const peer = this.#byStore.get(store)
    return peer?.link.hello ? this.#channelTo(peer) : null
  }

  addressOf(store: StoreId): string | null {
    const peer = this.#byStore.get(store)
    return peer?.link.hello ? (peer.hello?.address ?? peer.address) : null
  }

  /** All peers that answered at least once. */
  known(): KnownStore[] {
    return this.#peers.flatMap((peer) => {
      const { hello } = peer
      // A second link to a node that is known by the first.
      const other = this.#peers.find((one) => one.hello?.hostId === hello?.hostId)
      if (!hello || other !== peer) return []
      return [...peer.stores].map(([service, store]) => ({
        store,
        service,
        host: hello.hostId,
        node: hello.node,
        address: hello.address,
        connected: peer.link.hello !== undefined,
      }))
    })
  }

  /**
   * The stores of a service on all other configured nodes, once all are connected, want to begin a cluster with as many
   * nodes as this one, and none held an epoch when it said Hello.
   */
  emptyStores(service: string): StoreId[] | null {
    const { address: own, expect, peers } = this.#options
    const ids: StoreId[] = []
    for (const address of peers) {
      if (address === own) continue
      const hello = this.#peers.find((peer) => peer.address === address)?.link.hello
      const hosted = hello?.stores?.find((one) => one.name === service)
      const store = parseStoreId(hosted?.id ?? '')
      if (!store || hosted?.epoch) return null
      if (hosted?.expect !== expect) {
        if (!this.#odd.has(address)) {
          this.#log.error(
            'a node expects another number of nodes to begin a cluster: bootstrap.expect must be the same',
            {
              address,
              expects: hosted?.expect,
              here: expect,
            },
          )
        }
        this.#odd.add(address)
        return null
      }
      ids.push(store)
    }
    return ids
  }

  /** @throws KvError BadRequest when another cluster is meant */
  checkCluster(name: string): void {
    const { cluster } = this.#options
    if (name !== '' && name !== cluster) {
      throw new KvError('BadRequest', `this node belongs to cluster "${cluster}", asked for "${name}"`)
    }
  }

  close(): void {
    this.#started = false
    for (const peer of this.#peers) closePeer(peer)
  }

  // ---- links -----------------------------------------------------------------------------------------------------------

  #channelTo(peer: Peer): RpcChannel {
    const { tls } = this.#options
    peer.channel ??= openChannel(peer.address, { log: this.#log, ...(tls ? { tls } : {}) })
    return peer.channel
  }

  #dial(address: string): Peer {
    const { tls } = this.#options
    const link = openPeerLink({
      address,
      log: this.#log,
      ...(tls ? { tls } : {}),
      hello: () => this.#hello(),
      onUp: (hello) => this.#up(peer, hello),
      onDown: (reason) => this.#down(peer, reason),
      onRefused: (reason) => this.#log.error('a peer refuses this node', { address, reason }),
    })
    const peer: Peer = { address, link, channel: null, operations: null, stores: new Map(), lastHost: '', hello: null }
    return peer
  }

  #up(peer: Peer, hello: v1.HelloReply): void {
    peer.hello = hello
    peer.stores = storesOf(hello)
    this.#heardRenewed(hello.stores ?? [])
    this.#indexStores()
    this.#log.info('connected', { node: hello.node, address: peer.address })
    if (peer.lastHost !== hello.hostId) {
      for (const remote of peer.stores.values()) for (const store of this.#stores.values()) store.peerUp(remote)
    }
    peer.lastHost = hello.hostId
    this.#onChange()
  }

  #down(peer: Peer, reason: string): void {
    this.#log.warn('lost the connection', { node: peer.hello?.node, address: peer.address, reason })
    peer.operations?.close()
    peer.operations = null
    this.#indexStores()
    for (const remote of peer.stores.values()) {
      // A second link to the same node may still stand.
      if (this.#byStore.has(remote)) continue
      for (const store of this.#stores.values()) store.peerDown(remote)
    }
    this.#partUnlessWanted(peer)
    this.#onChange()
  }

  #indexStores(): void {
    this.#byStore = new Map()
    for (const peer of this.#peers) {
      if (!peer.link.hello) continue
      for (const store of peer.stores.values()) {
        const other = this.#byStore.get(store)
        if (!other) this.#byStore.set(store, peer)
        else if (other.link.hello?.hostId !== peer.link.hello.hostId) {
          this.#log.error('two nodes hold the same store: one data folder is a copy of the other', {
            store,
            addresses: [other.address, peer.address],
          })
        }
      }
    }
  }

  #hello(): v1.HelloRequest.$Properties {
    const { cluster, host, node, address, expect } = this.#options
    return {
      protocolVersion: PEER_PROTOCOL_VERSION,
      clusterName: cluster,
      hostId: host,
      node,
      address,
      stores: [...this.#stores.values()].map((store) => ({
        id: store.id,
        name: store.options.name,
        epoch: store.epoch?.epoch ?? '',
        epochConfirmed: store.epoch?.confirmed ?? false,
        expect,
        renewed: store.renewed.map(({ range, generation }) => ({ range: rangeIdToBytes(range), generation })),
      })),
    }
  }

  /** Replicas here may be overruled by what a peer knows. */
  #heardRenewed(hosted: readonly v1.HostedStore.$Properties[]): void {
    for (const { id, name, renewed } of hosted) {
      const store = parseStoreId(id ?? '')
      const ours = this.#stores.get(name ?? '')
      if (!store || !ours) continue
      ours.heardRenewed(
        store,
        (renewed ?? []).flatMap(({ range, generation }) =>
          range?.length === 16 ? [{ range: rangeIdFromBytes(range), generation: generation ?? 0 }] : [],
        ),
      )
    }
  }

  /** Why this node wants nothing to do with the caller; empty when it does. */
  #refusal(other: v1.HelloRequest): string {
    const { cluster, host } = this.#options
    if (other.protocolVersion !== PEER_PROTOCOL_VERSION) {
      return `this node speaks protocol ${PEER_PROTOCOL_VERSION}, the caller ${other.protocolVersion}: run the same version`
    }
    if (other.clusterName !== cluster) {
      return `this node belongs to cluster "${cluster}", the caller to "${other.clusterName}": check cluster.name`
    }
    if (other.hostId === host) return 'this node dialled itself: check cluster.peers and rpc.advertise'
    for (const theirs of other.stores ?? []) {
      const ours = this.#stores.get(theirs.name ?? '')
      if (!ours) continue
      if (ours.id === theirs.id) return `both nodes hold store ${theirs.id}: one data folder is a copy of the other`
      const epoch = ours.epoch
      if (epoch && theirs.epoch && epoch.epoch !== theirs.epoch) {
        return (
          `${theirs.name} here belongs to epoch ${epoch.epoch}, the caller's to ${theirs.epoch}: ` +
          'two clusters never merge; wipe the one that holds nothing of worth'
        )
      }
    }
    return ''
  }

  #snapshot(request: v1.PullSnapshotRequest): AsyncIterable<v1.SnapshotChunk.$Properties> {
    const asked = request.store.length === 16 ? storeIdFromBytes(request.store) : null
    const store = [...this.#stores.values()].find((one) => one.id === asked)
    if (!store || request.range.length !== 16) throw new KvError('NotFound', 'no such replica here')
    const id: RangeId = rangeIdFromBytes(request.range)
    return store.sendSnapshot(request, id)
  }
}

function closePeer(peer: Peer): void {
  peer.operations?.close()
  peer.channel?.close()
  peer.link.close()
}

/** By service name. What a peer says is not to be trusted: an id that is none is left out. */
function storesOf(hello: v1.HelloReply): ReadonlyMap<string, StoreId> {
  const stores = new Map<string, StoreId>()
  for (const { name, id } of hello.stores ?? []) {
    const store = parseStoreId(id ?? '')
    if (name && store) stores.set(name, store)
  }
  return stores
}
