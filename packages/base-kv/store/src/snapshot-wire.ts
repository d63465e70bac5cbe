/** A snapshot stream as chunks on the wire: each with a CRC over its pairs, the last with their count. */
import { crc32 } from 'node:zlib'
import { KvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { SnapshotHead, SnapshotPairs } from '@base-kv/range'
import type { Pair } from '@base-kv/storage'
import { snapshotFromWire, snapshotToWire } from './raft-wire.ts'

const SPACES = ['user', 'local'] as const

export async function* snapshotToChunks(
  stream: AsyncIterable<SnapshotHead | SnapshotPairs>,
): AsyncGenerator<v1.SnapshotChunk.$Properties> {
  let total = 0
  for await (const part of stream) {
    if ('snapshot' in part) {
      yield { snapshot: snapshotToWire(part.snapshot), state: part.state }
      continue
    }
    total += part.pairs.length
    const items = part.pairs.map(([key, value]) => ({ key, value }))
    yield { items, crc: crcOf(part.pairs), space: SPACES.indexOf(part.space) }
  }
  yield { last: true, itemsTotal: total }
}

/** @throws KvError Corrupt when a chunk or the count does not fit, OutcomeUnknown when the stream ends too early */
export async function* snapshotFromChunks(
  chunks: AsyncIterable<v1.SnapshotChunk>,
): AsyncGenerator<SnapshotHead | SnapshotPairs> {
  let total = 0
  for await (const chunk of chunks) {
    if (chunk.snapshot) {
      const snapshot = snapshotFromWire(chunk.snapshot)
      if (!snapshot) throw new KvError('Corrupt', 'the head of a snapshot does not decode')
      yield { snapshot, state: chunk.state }
    } else if (chunk.last) {
      if (chunk.itemsTotal !== total) {
        throw new KvError('Corrupt', `a snapshot has ${total} items instead of ${chunk.itemsTotal}`)
      }
      return
    } else {
      const pairs = (chunk.items ?? []).map((item): Pair => [item.key ?? EMPTY, item.value ?? EMPTY])
      const space = SPACES[chunk.space]
      if (!space || crcOf(pairs) !== chunk.crc) throw new KvError('Corrupt', 'a snapshot chunk fails its checksum')
      total += pairs.length
      yield { space, pairs }
    }
  }
  throw new KvError('OutcomeUnknown', 'a snapshot ended before its last chunk')
}

const EMPTY = new Uint8Array(0)

function crcOf(pairs: readonly Pair[]): number {
  const length = Buffer.alloc(4)
  let crc = 0
  for (const [key, value] of pairs) {
    length.writeUInt32LE(key.length)
    crc = crc32(value, crc32(key, crc32(length, crc)))
  }
  return crc
}
