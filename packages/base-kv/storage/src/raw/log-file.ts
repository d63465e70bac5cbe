/**
 * LevelDB's log format (also of its MANIFEST): 32 KiB blocks of records, each with a masked CRC-32C, a length and a type
 * (whole, first, middle, last part). LevelDB skips damaged blocks silently; here every flaw is found and told.
 *
 * What a crash leaves is no damage. Writes are synced one at a time, so only the newest batch can be unfinished: it is cut
 * off by the end of the file, or (a power cut: the length reached the disk, the contents did not) whole sectors of it are
 * zeros. A bad record anywhere else, or a bad one at the end that has no such sector, was changed after it was written.
 */
import { asBuffer } from '../byte-codec.ts'
import { crc32c, unmask } from './crc32c.ts'

const BLOCK = 32 * 1024
const SECTOR = 512
/** So many zeros also stand at the end of what was written whole: the high bytes of a number. */
const EMPTY_BYTES_MIN = 16
const HEADER = 7
const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

export interface LogFile {
  /** The file ends inside a batch. */
  readonly torn: boolean
  /** What is wrong, with its offset; null for nothing. */
  readonly damage: string | null
}

/** Calls `visit` with each complete logical record in order, up to the first flaw. */
export function parseLogFile(bytes: Uint8Array, visit: (record: Buffer) => void): LogFile {
  const file = asBuffer(bytes)
  let parts: Buffer[] = []
  let batchAt = 0
  let at = 0
  while (at < file.length) {
    if (BLOCK - (at % BLOCK) < HEADER) {
      const next = at + BLOCK - (at % BLOCK)
      if (file.subarray(at, next).some((byte) => byte !== 0))
        return flawed(file, at, at, 'a block trailer is not empty')
      at = next
      continue
    }
    if (parts.length === 0) batchAt = at
    const record = readRecord(file, at)
    if (record === 'cut off') return { torn: true, damage: null }
    if (typeof record === 'string') return flawed(file, batchAt, at, record)
    const { type, payload, end } = record
    const continues = type === MIDDLE || type === LAST
    if (continues !== parts.length > 0) return flawed(file, batchAt, at, 'it does not continue the record before')
    if (type === FULL) visit(payload)
    else parts.push(payload)
    if (type === LAST) {
      visit(Buffer.concat(parts))
      parts = []
    }
    at = end
  }
  return { torn: parts.length > 0, damage: null }
}

interface PhysicalRecord {
  readonly type: number
  readonly payload: Buffer
  readonly end: number
}

/** A string says what is wrong; 'cut off' when the file ends inside. */
function readRecord(file: Buffer, at: number): PhysicalRecord | string {
  if (at + HEADER > file.length) return 'cut off'
  const end = at + HEADER + file.readUInt16LE(at + 4)
  const type = file[at + 6] as number
  if (end > at - (at % BLOCK) + BLOCK) return 'it is longer than its block'
  if (end > file.length) return 'cut off'
  if (unmask(file.readUInt32LE(at)) !== crc32c(file, at + 6, end)) return 'it fails its checksum'
  if (type < FULL || type > LAST) return `it has the unknown type ${type}`
  return { type, payload: file.subarray(at + HEADER, end), end }
}

/** A flaw in the batch that begins at `batchAt`: the remains of a power cut, or damage. */
function flawed(file: Buffer, batchAt: number, at: number, what: string): LogFile {
  const unfinished = !batchBegins(file, at + 1) && hasEmptySector(file, batchAt)
  return { torn: unfinished, damage: unfinished ? null : `record at ${at}: ${what}` }
}

/** Whether a good first (or whole) record stands anywhere from `from` on. */
function batchBegins(file: Buffer, from: number): boolean {
  const block = from - (from % BLOCK)
  // In the block of the flaw its neighbour may stand anywhere; every later block begins with a record.
  for (let at = from; at < Math.min(block + BLOCK, file.length); at++) if (begins(readRecord(file, at))) return true
  for (let next = block + BLOCK; next < file.length; next += BLOCK) {
    for (let at = next; at < next + BLOCK - HEADER;) {
      const record = readRecord(file, at)
      if (begins(record)) return true
      if (typeof record === 'string') break
      at = record.end
    }
  }
  return false
}

function begins(record: PhysicalRecord | string): boolean {
  return typeof record !== 'string' && (record.type === FULL || record.type === FIRST)
}

/**
 * Whether what a sector holds of the bytes from `from` to the end of the file is all zeros, for any sector that holds enough
 * of them to tell. In doubt it is damage: that costs a replica, the other mistake costs what was acknowledged.
 */
function hasEmptySector(file: Buffer, from: number): boolean {
  for (let at = from; at < file.length; at += SECTOR - (at % SECTOR)) {
    const sector = file.subarray(at, Math.min(at + SECTOR - (at % SECTOR), file.length))
    if (sector.length >= EMPTY_BYTES_MIN && sector.every((byte) => byte === 0)) return true
  }
  return false
}
