/** LevelDB's log format, byte by byte: what a power cut leaves is told from what was changed. */
import { describe, expect, test } from '@jest/globals'
import { crc32c } from '../src/raw/crc32c.ts'
import { parseLogFile } from '../src/raw/log-file.ts'

const SECTOR = 512
const HEADER = 7
const FULL = 1

function record(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(HEADER + payload.length)
  bytes.writeUInt16LE(payload.length, 4)
  bytes[6] = FULL
  payload.copy(bytes, HEADER)
  const crc = crc32c(bytes, 6, bytes.length)
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 0)
  return bytes
}

/** Of `length` bytes in all; the last 8 of its payload are a number, lowest byte first. */
function fileOf(length: number): Buffer {
  const first = record(Buffer.alloc(100, 'a'))
  const payload = Buffer.alloc(length - first.length - HEADER, 'b')
  payload.writeBigUInt64LE(3n, payload.length - 8)
  return Buffer.concat([first, record(payload)])
}

const parse = (file: Buffer) => {
  let records = 0
  return { ...parseLogFile(file, () => records++), records }
}

describe('a file whose length leaves some bytes to its last sector', () => {
  const lengths = Array.from({ length: 24 }, (_, i) => 2 * SECTOR + i)

  test.each(lengths)('%d: a flipped bit of the newest batch is damage', (length) => {
    const file = fileOf(length)
    expect(parse(file)).toEqual({ torn: false, damage: null, records: 2 })
    for (let at = 107; at < file.length; at += 13) {
      const flipped = Buffer.from(file)
      flipped[at] = (flipped[at] as number) ^ 4
      const { damage, torn } = parse(flipped)
      // A flipped length may say that the file ends inside.
      if (at < 107 + HEADER && torn) continue
      expect({ at, damage }).toEqual({ at, damage: expect.stringContaining('record at 107') })
    }
  })

  test.each(lengths)('%d: whole sectors of zeros in the newest batch are what a power cut leaves', (length) => {
    const file = fileOf(length)
    file.fill(0, SECTOR)
    expect(parse(file)).toEqual({ torn: true, damage: null, records: 1 })
    const middle = fileOf(length)
    middle.fill(0, SECTOR, 2 * SECTOR)
    expect(parse(middle)).toEqual({ torn: true, damage: null, records: 1 })
  })

  test.each(lengths)('%d: zeros in front of a good batch are damage', (length) => {
    const file = Buffer.concat([fileOf(length), record(Buffer.alloc(50, 'c'))])
    file.fill(0, SECTOR, 2 * SECTOR)
    expect(parse(file)).toMatchObject({ torn: false, damage: expect.stringContaining('record at 107') })
  })
})
