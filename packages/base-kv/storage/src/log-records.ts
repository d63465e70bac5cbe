/** What stands under the keys of database `log`. */
import { crc32 } from 'node:zlib'
import {
  KvError,
  logIndex,
  replicaId,
  storeIdFromBytes,
  storeIdToBytes,
  term,
  type RangeId,
  type ReplicaId,
} from '@base-kv/base'
import {
  decodeConfig,
  emptyConfig,
  encodeConfig,
  type Entry,
  type EntryType,
  type HardState,
  type Member,
  type SnapshotMeta,
} from '@base-kv/raft'
import {
  asBuffer,
  ByteWriter,
  newerFormat,
  openRecord,
  readU64,
  sealRecord,
  writeU64,
  type ByteReader,
} from './byte-codec.ts'
import { logKeys } from './log-keys.ts'

const VERSION = 1

// ---- entries: version, CRC-32 over (range, index, version, term, type, payload), term, type, payload -----------------

const ENTRY_HEADER = 14

/** Encodes entries of one log after another into one scratch buffer. */
export class EntrySealer {
  #scratch = Buffer.allocUnsafe(64 * 1024)
  readonly #identity = Buffer.allocUnsafe(24)

  /** @returns the record, valid until the next call. */
  seal(rangeBytes: Uint8Array, entry: Entry): Uint8Array {
    const length = ENTRY_HEADER + entry.data.length
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(2 * length)
    const scratch = this.#scratch
    scratch[0] = VERSION
    writeU64(scratch, entry.term, 5)
    scratch[13] = entry.type
    scratch.set(entry.data, ENTRY_HEADER)
    const record = scratch.subarray(0, length)
    scratch.writeUInt32LE(entryChecksum(this.#identity, rangeBytes, entry.index, record), 1)
    return record
  }
}

const openIdentity = Buffer.allocUnsafe(24)

/** @throws KvError Corrupt */
export function openEntry(rangeBytes: Uint8Array, index: number, record: Uint8Array): Entry {
  const bytes = asBuffer(record)
  if (bytes.length < ENTRY_HEADER) throw new KvError('Corrupt', `log entry ${index} is too short`)
  if (bytes.readUInt32LE(1) !== entryChecksum(openIdentity, rangeBytes, index, bytes)) {
    throw new KvError('Corrupt', `log entry ${index} fails its checksum`)
  }
  const version = bytes[0] as number
  if (version > VERSION) throw newerFormat('a log entry', version, VERSION)
  const data = bytes.subarray(ENTRY_HEADER)
  return { index: logIndex(index), term: term(readU64(bytes, 5)), type: bytes[13] as EntryType, data }
}

function entryChecksum(identity: Buffer, rangeBytes: Uint8Array, index: number, record: Buffer): number {
  identity.set(rangeBytes, 0)
  writeU64(identity, index, 16)
  const version = record.subarray(0, 1)
  return crc32(record.subarray(5), crc32(version, crc32(identity)))
}

/** Where the log of a replica without data begins. */
export const emptySnapshot: SnapshotMeta = { index: logIndex(0), term: term(0), config: emptyConfig }

// ---- the replica record ----------------------------------------------------------------------------------------------

export interface ReplicaRecord {
  readonly replica: ReplicaId
  readonly logId: number
  readonly hardState: HardState
  readonly snapshot: SnapshotMeta
  /** Why it must never vote again; empty when healthy. */
  readonly damage: string
}

/** `key`: `logKeys.replica` of its range. */
export function sealReplica(key: Uint8Array, record: ReplicaRecord): Uint8Array {
  const writer = new ByteWriter().u64(record.replica).u64(record.logId)
  writeHardState(writer, record.hardState)
  writer.raw(snapshotBytes(record.snapshot))
  return sealRecord(VERSION, key, writer.text(record.damage).take())
}

export function openReplica(range: RangeId, bytes: Uint8Array): ReplicaRecord {
  const reader = openRecord(`the replica record of range ${range}`, VERSION, logKeys.replica(range), bytes)
  return {
    replica: replicaId(reader.u64()),
    logId: reader.u64(),
    hardState: readHardState(reader),
    snapshot: readSnapshot(reader),
    damage: reader.text(),
  }
}

// ---- tombstones, installations, numbers ------------------------------------------------------------------------------

export function sealTombstone(range: RangeId, replica: ReplicaId): Uint8Array {
  return sealRecord(VERSION, logKeys.tombstone(range), new ByteWriter().u64(replica).take())
}

export function openTombstone(range: RangeId, bytes: Uint8Array): ReplicaId {
  const reader = openRecord(`the tombstone of range ${range}`, VERSION, logKeys.tombstone(range), bytes)
  return replicaId(reader.u64())
}

/** "This replica began with a split": until the flush with the split is durable nothing of its log counts but the vote. */
export function sealHalf(range: RangeId, replica: ReplicaId): Uint8Array {
  return sealRecord(VERSION, logKeys.half(range), new ByteWriter().u64(replica).take())
}

export function openHalf(range: RangeId, bytes: Uint8Array): ReplicaId {
  return replicaId(openRecord(`the half of range ${range}`, VERSION, logKeys.half(range), bytes).u64())
}

/** "The state at `snapshot` goes into `slot`": written before database data is touched, removed with the log's change. */
export interface InstallingRecord {
  readonly replica: ReplicaId
  readonly slot: number
  readonly snapshot: SnapshotMeta
  /** A new replica begins with it; null when a replica that is here gets a snapshot. */
  readonly newHardState: HardState | null
}

export function sealInstalling(range: RangeId, record: InstallingRecord): Uint8Array {
  const writer = new ByteWriter().u64(record.replica).u64(record.slot)
  writeSnapshot(writer, record.snapshot)
  writer.u8(record.newHardState === null ? 0 : 1)
  if (record.newHardState !== null) writeHardState(writer, record.newHardState)
  return sealRecord(VERSION, logKeys.installing(range), writer.take())
}

export function openInstalling(range: RangeId, bytes: Uint8Array): InstallingRecord {
  const reader = openRecord(`the installation of range ${range}`, VERSION, logKeys.installing(range), bytes)
  const [replica, slot, snapshot] = [replicaId(reader.u64()), reader.u64(), readSnapshot(reader)]
  return { replica, slot, snapshot, newHardState: reader.u8() === 0 ? null : readHardState(reader) }
}

// ---- parts -----------------------------------------------------------------------------------------------------------

function writeHardState(writer: ByteWriter, { term, commit, vote }: HardState): void {
  writer.u64(term).u64(commit)
  if (vote === null) writer.u8(0)
  else writer.u8(1).raw(storeIdToBytes(vote.store)).u64(vote.replica)
}

function readHardState(reader: ByteReader): HardState {
  const [at, commit] = [term(reader.u64()), logIndex(reader.u64())]
  return { term: at, commit, vote: reader.u8() === 0 ? null : readMember(reader) }
}

function readMember(reader: ByteReader): Member {
  return { store: storeIdFromBytes(reader.raw(16)), replica: replicaId(reader.u64()) }
}

function writeSnapshot(writer: ByteWriter, { index, term, config }: SnapshotMeta): void {
  writer.u64(index).u64(term).bytes(encodeConfig(config))
}

// Nearly every batch has a replica record, and few of them another snapshot than the one before.
const snapshots = new WeakMap<SnapshotMeta, Uint8Array>()

function snapshotBytes(snapshot: SnapshotMeta): Uint8Array {
  const known = snapshots.get(snapshot)
  if (known !== undefined) return known
  const writer = new ByteWriter()
  writeSnapshot(writer, snapshot)
  const bytes = writer.take()
  snapshots.set(snapshot, bytes)
  return bytes
}

function readSnapshot(reader: ByteReader): SnapshotMeta {
  const [index, at, config] = [logIndex(reader.u64()), term(reader.u64()), decodeConfig(reader.bytes())]
  if (config === undefined) throw new KvError('Corrupt', 'a stored configuration makes no sense')
  return { index, term: at, config }
}
