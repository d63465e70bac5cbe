/** The range record of database `data`: applied position, state, boundary and where the keys lie; one value, one batch with the data. */
import { logIndex, replicaId, term, type Boundary, type RangeId, type ReplicaId } from '@base-kv/base'
import { ByteWriter, openRecord, sealRecord, type ByteReader } from './byte-codec.ts'
import { dataKeys } from './data-keys.ts'
import type { RangeRecord } from './ports.ts'
import { checkSegments, type Segment, type Segments } from './segments.ts'

const VERSION = 1

/** Slots and segments are this store's own affair: they never travel. */
export interface StoredRange {
  readonly replica: ReplicaId
  readonly record: RangeRecord
  readonly segments: Segments
  readonly localSlot: number
}

export function sealRange(range: RangeId, stored: StoredRange): Uint8Array {
  const { replica, record, segments, localSlot } = stored
  const writer = new ByteWriter().u64(replica).u64(record.applied.index).u64(record.applied.term)
  writeBoundary(writer, record.boundary)
  writer.u64(localSlot).u32(segments.length)
  for (const { boundary, slot } of segments) {
    writer.u64(slot)
    writeBoundary(writer, boundary)
  }
  return sealRecord(VERSION, dataKeys.range(range), writer.bytes(record.state).take())
}

/** @throws KvError Corrupt */
export function openRange(range: RangeId, bytes: Uint8Array): StoredRange {
  const reader = openRecord(`the record of range ${range}`, VERSION, dataKeys.range(range), bytes)
  const replica = replicaId(reader.u64())
  const applied = { index: logIndex(reader.u64()), term: term(reader.u64()) }
  const boundary = readBoundary(reader)
  const localSlot = reader.u64()
  const segments: Segment[] = []
  for (let left = reader.u32(); left > 0; left--) {
    const slot = reader.u64()
    segments.push({ slot, boundary: readBoundary(reader) })
  }
  checkSegments(segments, boundary)
  return { replica, record: { boundary, applied, state: reader.bytes() }, segments, localSlot }
}

/** Left behind by a replica whose keys another range took over: its log goes when this is durable, and then this. */
export function sealAbsorbed(range: RangeId, replica: ReplicaId): Uint8Array {
  return sealRecord(VERSION, dataKeys.absorbed(range), new ByteWriter().u64(replica).take())
}

/** @throws KvError Corrupt */
export function openAbsorbed(range: RangeId, bytes: Uint8Array): ReplicaId {
  return replicaId(openRecord(`the end of range ${range}`, VERSION, dataKeys.absorbed(range), bytes).u64())
}

function writeBoundary(writer: ByteWriter, { start, end }: Boundary): void {
  writer.bytesOrNull(start).bytesOrNull(end)
}

function readBoundary(reader: ByteReader): Boundary {
  return { start: reader.bytesOrNull(), end: reader.bytesOrNull() }
}
