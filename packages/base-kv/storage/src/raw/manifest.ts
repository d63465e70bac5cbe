/**
 * LevelDB's MANIFEST: which table and log files are alive. Files that it does not name are leftovers of a crash and may be
 * half written; they prove nothing.
 */
import { VarintReader } from './varint.ts'
import { parseLogFile } from './log-file.ts'

// Tags of a version edit; fixed by LevelDB's format.
const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

export interface Manifest {
  /** Live tables: file number to size. */
  readonly tables: ReadonlyMap<number, number>
  /** Logs from this number on are alive. */
  readonly logNumber: number
  readonly previousLogNumber: number
  readonly damage: string | null
}

export function parseManifest(bytes: Uint8Array): Manifest {
  const tables = new Map<number, number>()
  let logNumber = 0
  let previousLogNumber = 0
  let damage: string | null = null
  const file = parseLogFile(bytes, (record) => {
    const reader = new VarintReader(record)
    while (!reader.atEnd && damage === null) {
      const tag = reader.number()
      if (tag === COMPARATOR) reader.bytes()
      else if (tag === LOG_NUMBER) logNumber = reader.number()
      else if (tag === NEXT_FILE || tag === LAST_SEQUENCE) reader.number()
      else if (tag === PREVIOUS_LOG_NUMBER) previousLogNumber = reader.number()
      else if (tag === COMPACT_POINTER) {
        reader.number()
        reader.bytes()
      } else if (tag === DELETED_FILE) {
        reader.number()
        tables.delete(reader.number())
      } else if (tag === NEW_FILE) {
        reader.number()
        const number = reader.number()
        tables.set(number, reader.number())
        reader.bytes()
        reader.bytes()
      } else damage = `unknown tag ${tag}`
      if (reader.overrun) damage = 'an edit ends too early'
    }
  })
  return { tables, logNumber, previousLogNumber, damage: file.damage ?? damage }
}
