/** Describe: what a store says of itself and its ranges, in pages small enough for any reader. */
import { v1 } from '@base-kv/protocol'
import type { RangeDescriptor, StoreDescriptor } from '@base-kv/landscape'
import type { CallContext } from '@base-kv/rpc'
import type { Storage } from '@base-kv/storage'
import type { RangePlace, Store } from '@base-kv/store'
import { describedToWire, routeToWire } from './descriptor-wire.ts'
import { asRange, readRequest, storeOf, type StoreServiceDeps } from './store-calls.ts'

export interface StoreServiceOptions {
  readonly version: string
  readonly adminAddress: string
  readonly pid: number
  uptimeMs(): number
}

/** How long a description waits for newer sizes of ranges. */
const SIZES_PATIENCE_MS = 100
/** One page: default gRPC clients refuse replies over 4 MiB. */
const PAGE_RANGES_MAX = 2_000
const PAGE_BYTES_MAX = 2 * 1024 * 1024
/** What a range takes beside its keys. */
const RANGE_BYTES = 600

export async function describeStore(
  options: StoreServiceOptions,
  deps: StoreServiceDeps,
  call: CallContext,
  body: Buffer,
): Promise<Uint8Array> {
  const request = readRequest(() => v1.DescribeRequest.decode(body))
  const { routes } = request
  const store = storeOf(deps, call)
  const name = call.storeName()
  const storage = deps.storages.get(name)
  // Once, not for each page.
  if (!routes && request.after.length === 0) await store.measure(SIZES_PATIENCE_MS)
  const asked = store.describe({
    keys: request.keys ?? [],
    ids: (request.rangeIds ?? []).map(asRange),
    after: placeFromBytes(request.after),
    limit: Math.min(request.limit || PAGE_RANGES_MAX, PAGE_RANGES_MAX),
  })
  const ranges = fitting(asked.ranges)
  const last = ranges.at(-1)
  const hasMore = last !== undefined && (asked.more || ranges.length < asked.ranges.length)
  const peers = deps.peers.known().filter((peer) => peer.service === name)
  return v1.DescribeReply.encode({
    store: {
      ...storeToWire(options, { store, storage, asked }),
      ranges: ranges.map(routes ? routeToWire : describedToWire),
    },
    peers: peers.map((peer) => ({
      storeId: peer.store,
      hostId: peer.host,
      node: peer.node,
      address: peer.address,
      connected: peer.connected,
    })),
    next: hasMore ? placeToBytes({ start: last.boundary.start, id: last.id }) : new Uint8Array(0),
  }).finish()
}

/** What all stores of a node say of themselves and all their ranges, for the cluster. */
export function describeStores(
  options: StoreServiceOptions,
  deps: Pick<StoreServiceDeps, 'stores' | 'storages'>,
): v1.StoreDescriptor.$Properties[] {
  return [...deps.stores].map(([name, store]) => {
    const asked = store.describe()
    return {
      ...storeToWire(options, { store, storage: deps.storages.get(name), asked }),
      ranges: asked.ranges.map(describedToWire),
    }
  })
}

function storeToWire(
  options: StoreServiceOptions,
  from: { readonly store: Store; readonly storage: Storage | undefined; readonly asked: StoreDescriptor },
): v1.StoreDescriptor.$Properties {
  const { store, storage, asked } = from
  return {
    id: asked.id,
    hostId: asked.host,
    name: asked.name,
    node: asked.node,
    address: asked.address,
    adminAddress: options.adminAddress,
    pid: options.pid,
    version: options.version,
    epoch: store.epoch?.epoch ?? '',
    epochConfirmed: store.epoch?.confirmed ?? false,
    attributes: { ...asked.attributes },
    statistics: { ...asked.statistics },
    hlc: String(asked.hlc),
    diskFreeBytes: storage?.space.freeBytes ?? 0,
    lowSpace: storage?.space.low ?? false,
    uptimeMs: options.uptimeMs(),
  }
}

/** At least one, however large. */
function fitting(ranges: readonly RangeDescriptor[]): readonly RangeDescriptor[] {
  let bytes = 0
  const end = ranges.findIndex(({ boundary, fact, hints }, at) => {
    const keys = (boundary.start?.length ?? 0) + (boundary.end?.length ?? 0)
    const loads = hints.reduce((sum, { splitKey }) => sum + 200 + (splitKey?.length ?? 0), 0)
    bytes += RANGE_BYTES + keys + fact.length + loads
    return at > 0 && bytes > PAGE_BYTES_MAX
  })
  return end < 0 ? ranges : ranges.slice(0, end)
}

/** Id, a zero byte, whether there is a first key, and that. */
const placeToBytes = ({ start, id }: RangePlace): Uint8Array =>
  Buffer.concat([Buffer.from(id), Buffer.from([0, start ? 1 : 0]), start ?? new Uint8Array(0)])

/** @throws KvError BadRequest */
function placeFromBytes(bytes: Uint8Array): RangePlace | null {
  if (bytes.length === 0) return null
  const zero = bytes.indexOf(0)
  const id = asRange(Buffer.from(bytes.subarray(0, Math.max(zero, 0))).toString())
  return { id, start: bytes[zero + 1] === 1 ? Uint8Array.from(bytes.subarray(zero + 2)) : null }
}
