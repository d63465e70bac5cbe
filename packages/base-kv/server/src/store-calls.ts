/** What the calls of basekv.v1.BaseKVStore share: who is meant, where it is, and how it is answered. */
import { KvError, parseRangeId, parseStoreId, type RangeId, type StoreId, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import type { CallContext, UnaryReply } from '@base-kv/rpc'
import type { Storage } from '@base-kv/storage'
import type { Store } from '@base-kv/store'
import { rangeToWire } from './descriptor-wire.ts'
import type { NodePeers } from './node-peers.ts'

export interface StoreServiceDeps {
  readonly stores: ReadonlyMap<string, Store>
  readonly storages: ReadonlyMap<string, Storage>
  readonly peers: NodePeers
}

/** How often a management call was passed on: to some node, and by that one to the leader. */
const HOPS = 'base-kv-hops'
const HOPS_MAX = 2

/** Runs a decoder on bytes from outside. @throws KvError BadRequest */
export function readRequest<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new KvError('BadRequest', `the request does not decode: ${(cause as Error).message}`, { cause })
  }
}

export async function answer(reply: UnaryReply, make: () => Promise<Uint8Array>): Promise<void> {
  try {
    reply(null, await make())
  } catch (thrown) {
    reply(toKvError(thrown))
  }
}

export function storeOf(deps: StoreServiceDeps, call: CallContext): Store {
  const store = deps.stores.get(call.storeName())
  if (store) return store
  throw new KvError('NotFound', `this node hosts no store ${call.storeName()}`, {
    hint: `stores here: ${[...deps.stores.keys()].join(', ')}`,
  })
}

export const rangeOf = (store: Store, id: string): Range | undefined => store.range(asRange(id))

export function asRange(id: string): RangeId {
  if (parseRangeId(id)) return id as RangeId
  throw new KvError('BadRequest', `"${id}" is no range id`, { hint: '`base-kv range list` shows the ids' })
}

export function asStore(id: string): StoreId {
  const store = parseStoreId(id)
  if (store) return store
  throw new KvError('BadRequest', `"${id}" is no store id`, { hint: '`base-kv landscape` shows the stores' })
}

export async function passOn(
  deps: StoreServiceDeps,
  call: CallContext,
  body: Buffer,
  leader: StoreId | null,
  id: string,
): Promise<Uint8Array> {
  const target = leader ?? deps.peers.reachable(call.storeName())[0] ?? null
  const hops = Number(call.get(HOPS) ?? 0)
  const channel = target && hops < HOPS_MAX ? deps.peers.channelOf(target) : null
  if (!channel) {
    throw new KvError('TryLater', `range ${id} has no leader that this node can reach`, {
      hint: 'see `base-kv status`, then send again',
    })
  }
  const metadata = { store_name: call.storeName(), [HOPS]: String(hops + 1) }
  const remaining = call.remainingMs()
  return channel.unary(call.path, body, Number.isFinite(remaining) ? { metadata, deadlineMs: remaining } : { metadata })
}

export function management(
  code: string,
  message: string,
  range: Range,
  more: v1.ManagementReply.$Properties = {},
): Uint8Array {
  return v1.ManagementReply.encode({ ...more, code, message, range: rangeToWire(range.describe()) }).finish()
}
