/**
 * LevelDB's log format (also of its MANIFEST): 32 KiB blocks of records, each with a masked CRC-32C, a length and a type
 * (whole, first, middle, last part). LevelDB skips damaged blocks silently; here every flaw is found and told, and only
 * what a crash leaves, a record cut off by the end of the file, is taken as harmless.
 */
import { asBuffer } from '../byte-codec.ts'
import { crc32c, unmask } from './crc32c.ts'

const BLOCK = 32 * 1024
const HEADER = 7
const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

export interface LogFile {
  /** The file ends inside a record. */
  readonly torn: boolean
  /** What is wrong, with its offset; null for nothing. */
  readonly damage: string | null
}

/** Calls `visit` with each complete logical record in order, up to the first flaw. */
export function parseLogFile(bytes: Uint8Array, visit: (record: Buffer) => void): LogFile {
  const file = asBuffer(bytes)
  let parts: Buffer[] = []
  let at = 0
  const ended = (damage: string | null, torn: boolean): LogFile => ({ torn: torn || parts.length > 0, damage })
  while (at < file.length) {
    const left = BLOCK - (at % BLOCK)
    if (left < HEADER) {
      const trailer = file.subarray(at, Math.min(at + left, file.length))
      if (trailer.some((byte) => byte !== 0)) return ended(`block trailer at ${at} is not empty`, false)
      at += left
      continue
    }
    if (at + HEADER > file.length) return ended(null, true)
    const length = file.readUInt16LE(at + 4)
    const type = file[at + 6] as number
    const end = at + HEADER + length
    if (HEADER + length > left) return ended(`record at ${at} is longer than its block`, false)
    if (end > file.length) return ended(null, true)
    if (unmask(file.readUInt32LE(at)) !== crc32c(file, at + 6, end))
      return ended(`record at ${at} fails its checksum`, false)
    const payload = file.subarray(at + HEADER, end)
    const continues = type === MIDDLE || type === LAST
    if (type !== FULL && type !== FIRST && !continues) return ended(`record at ${at} has unknown type ${type}`, false)
    if (continues !== parts.length > 0) return ended(`record at ${at} does not continue the one before`, false)
    if (type === FULL) {
      visit(payload)
    } else {
      parts.push(payload)
      if (type === LAST) {
        visit(Buffer.concat(parts))
        parts = []
      }
    }
    at = end
  }
  return ended(null, false)
}
