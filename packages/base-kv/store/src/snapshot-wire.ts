/** A snapshot stream as chunks on the wire: each with a CRC over what it carries, the last with the number of pairs. */
import { crc32 } from 'node:zlib'
import { KvError, logIndex } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { SnapshotHead, SnapshotPart, SnapshotRequest } from '@base-kv/range'
import type { Pair } from '@base-kv/storage'
import { snapshotFromWire, snapshotToWire } from './raft-wire.ts'

const SPACES = ['user', 'local'] as const

export function requestToWire({ indexMin, resume }: SnapshotRequest) {
  if (resume === null) return { indexMin }
  const { view, position } = resume
  return { indexMin, resumeView: view, resumeSpace: SPACES.indexOf(position.space), resumeKey: position.key }
}

/** What a request makes no sense of begins at the start. */
export function requestFromWire(request: v1.PullSnapshotRequest): SnapshotRequest {
  const indexMin = logIndex(request.indexMin)
  const space = SPACES[request.resumeSpace]
  if (!request.resumeView || !space) return { indexMin, resume: null }
  return { indexMin, resume: { view: request.resumeView, position: { space, key: request.resumeKey } } }
}

/** `pace` is asked before a chunk of so many bytes leaves. */
export async function* snapshotToChunks(
  stream: AsyncIterable<SnapshotPart>,
  pace: (bytes: number) => Promise<void>,
): AsyncGenerator<v1.SnapshotChunk.$Properties> {
  let total = 0
  for await (const part of stream) {
    if ('snapshot' in part) {
      yield headToChunk(part)
      continue
    }
    total += part.pairs.length
    const pairs = packPairs(part.pairs)
    await pace(pairs.length)
    yield { pairs, crc: crc32(pairs), space: SPACES.indexOf(part.space) }
  }
  yield { last: true, itemsTotal: total }
}

/** @throws KvError Corrupt when a chunk or the count does not fit, OutcomeUnknown when the stream ends too early */
export async function* snapshotFromChunks(chunks: AsyncIterable<v1.SnapshotChunk>): AsyncGenerator<SnapshotPart> {
  let total = 0
  for await (const chunk of chunks) {
    if (chunk.snapshot) {
      yield headFromChunk(chunk)
    } else if (chunk.last) {
      if (chunk.itemsTotal !== total) {
        throw new KvError('Corrupt', `a snapshot has ${total} pairs instead of ${chunk.itemsTotal}`)
      }
      return
    } else {
      const space = SPACES[chunk.space]
      if (!space || crc32(chunk.pairs) !== chunk.crc) throw damaged()
      const pairs = unpackPairs(chunk.pairs)
      total += pairs.length
      yield { space, pairs }
    }
  }
  throw new KvError('OutcomeUnknown', 'a snapshot ended before its last chunk')
}

function headToChunk({ snapshot: meta, state, view, resumed }: SnapshotHead): v1.SnapshotChunk.$Properties {
  const snapshot = snapshotToWire(meta)
  return { snapshot, state, view, resumed, crc: headCrc(snapshot, state) }
}

function headFromChunk(chunk: v1.SnapshotChunk): SnapshotHead {
  const { state, view, resumed } = chunk
  const snapshot = chunk.snapshot ? snapshotFromWire(chunk.snapshot) : undefined
  if (!chunk.snapshot || !snapshot) throw new KvError('Corrupt', 'the head of a snapshot does not decode')
  if (headCrc(chunk.snapshot, state) !== chunk.crc) throw damaged()
  return { snapshot, state, view, resumed }
}

const headCrc = ({ index, term, config }: v1.RaftSnapshot.$Properties, state: Uint8Array): number =>
  crc32(state, crc32(config ?? EMPTY, crc32(`${index}/${term}`)))

const EMPTY = new Uint8Array(0)

const damaged = () => new KvError('Corrupt', 'a snapshot chunk fails its checksum')

function packPairs(pairs: readonly Pair[]): Buffer {
  let length = 0
  for (const [key, value] of pairs) length += 8 + key.length + value.length
  const packed = Buffer.allocUnsafe(length)
  let at = 0
  for (const pair of pairs) {
    for (const part of pair) {
      at = packed.writeUInt32LE(part.length, at)
      packed.set(part, at)
      at += part.length
    }
  }
  return packed
}

/** Of bytes whose checksum fits. */
function unpackPairs(bytes: Uint8Array): Pair[] {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const pairs: Pair[] = []
  let at = 0
  const next = (): Uint8Array => {
    const start = at + 4
    const end = start <= packed.length ? start + packed.readUInt32LE(at) : Infinity
    if (end > packed.length) throw damaged()
    at = end
    return packed.subarray(start, end)
  }
  while (at < packed.length) pairs.push([next(), next()])
  return pairs
}
