/**
 * Raft messages as they travel: the core's flat message to the protobuf one and back. What comes in is untrusted: a
 * message that does not decode is dropped, as if the network had lost it.
 */
import {
  logIndex,
  type RangeId,
  rangeIdFromBytes,
  rangeIdToBytes,
  replicaId,
  type StoreId,
  storeIdFromBytes,
  storeIdToBytes,
  term,
} from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import {
  decodeConfig,
  encodeConfig,
  type Entry,
  EntryType,
  type Message,
  MessageType,
  type SnapshotMeta,
} from '@base-kv/raft'

const storeBytes = new Map<StoreId, Uint8Array>()
const rangeBytes = new Map<RangeId, Uint8Array>()
const CACHE_MAX = 100_000

function cached<K, V>(cache: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = cache.get(key)
  if (value === undefined) {
    if (cache.size >= CACHE_MAX) cache.clear()
    value = make(key)
    cache.set(key, value)
  }
  return value
}

// Ids come with every message, few of them: found by their bytes' text instead of being formatted anew.
const storeOfText = new Map<string, StoreId>()
const rangeOfText = new Map<string, RangeId>()
const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
const storeOf = (bytes: Uint8Array): StoreId => cached(storeOfText, latin1(bytes), () => storeIdFromBytes(bytes))
const rangeOf = (bytes: Uint8Array): RangeId => cached(rangeOfText, latin1(bytes), () => rangeIdFromBytes(bytes))

export const wireStore = (store: StoreId): Uint8Array => cached(storeBytes, store, storeIdToBytes)
export const wireRange = (range: RangeId): Uint8Array => cached(rangeBytes, range, rangeIdToBytes)

export function toWire(range: RangeId, message: Message): v1.RaftMessage.$Properties {
  return {
    range: wireRange(range),
    type: message.type,
    fromStore: wireStore(message.from.store),
    fromReplica: message.from.replica,
    toStore: wireStore(message.to.store),
    toReplica: message.to.replica,
    term: message.term,
    index: message.index,
    logTerm: message.logTerm,
    commit: message.commit,
    entries: message.entries as Entry[],
    reject: message.reject,
    hintIndex: message.hintIndex,
    hintTerm: message.hintTerm,
    round: message.round,
    force: message.force,
    snapshot: message.snapshot ? snapshotToWire(message.snapshot) : null,
  }
}

export const snapshotToWire = (snapshot: SnapshotMeta): v1.RaftSnapshot.$Properties => ({
  index: snapshot.index,
  term: snapshot.term,
  config: encodeConfig(snapshot.config),
})

export function snapshotFromWire(wire: v1.RaftSnapshot.$Properties): SnapshotMeta | undefined {
  const config = wire.config && decodeConfig(wire.config)
  if (!config) return undefined
  return { index: logIndex(wire.index ?? 0), term: term(wire.term ?? 0), config }
}

const TYPES = new Set<number>(Object.values(MessageType))
const ENTRY_TYPES = new Set<number>(Object.values(EntryType))

/** undefined: not a message that this version understands. Entry data are views on the received frame. */
export function fromWire(wire: v1.RaftMessage): { readonly range: RangeId; readonly message: Message } | undefined {
  try {
    return decode(wire)
  } catch {
    // A number that no term, index or replica id can be.
    return undefined
  }
}

function decode(wire: v1.RaftMessage): { readonly range: RangeId; readonly message: Message } | undefined {
  if (!TYPES.has(wire.type)) return undefined
  if (wire.range.length !== 16 || wire.fromStore.length !== 16 || wire.toStore.length !== 16) return undefined
  const index = wire.index
  const entries: Entry[] = []
  for (const [i, entry] of (wire.entries ?? []).entries()) {
    if (!ENTRY_TYPES.has(entry.type ?? 0)) return undefined
    entries.push({
      index: logIndex(index + 1 + i),
      term: term(entry.term ?? 0),
      type: (entry.type ?? 0) as EntryType,
      data: entry.data ?? new Uint8Array(0),
    })
  }
  const snapshot = wire.snapshot ? snapshotFromWire(wire.snapshot) : null
  if (snapshot === undefined) return undefined
  return {
    range: rangeOf(wire.range),
    message: {
      type: wire.type as MessageType,
      from: { store: storeOf(wire.fromStore), replica: replicaId(wire.fromReplica) },
      to: { store: storeOf(wire.toStore), replica: replicaId(wire.toReplica) },
      term: term(wire.term),
      index: logIndex(index),
      logTerm: term(wire.logTerm),
      commit: logIndex(wire.commit),
      entries,
      reject: wire.reject,
      hintIndex: logIndex(wire.hintIndex),
      hintTerm: term(wire.hintTerm),
      round: wire.round,
      force: wire.force,
      snapshot,
    },
  }
}
