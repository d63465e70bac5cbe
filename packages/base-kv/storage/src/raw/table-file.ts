/**
 * A LevelDB table file, block by block against LevelDB's own checksums. LevelDB itself does not look at them when it
 * reads or compacts, so that a flipped bit makes keys vanish.
 *
 * Layout: blocks, each followed by a type byte and a masked CRC-32C; the last 48 bytes name the meta index block and the
 * index block and end with a magic number. The index block names every data block.
 */
import { asBuffer } from '../byte-codec.ts'
import { crc32c, unmask } from './crc32c.ts'
import { unpackSnappy } from './snappy.ts'
import { VarintReader } from './varint.ts'

const FOOTER = 48
const TRAILER = 5
const MAGIC_LOW = 0x8b80fb57
const MAGIC_HIGH = 0xdb477524

interface BlockHandle {
  readonly offset: number
  readonly size: number
}

interface IndexedBlock extends BlockHandle {
  /** No key of the block is above it. */
  readonly upTo: Buffer
}

/** LevelDB appends an operation number and a type to each key. */
const KEY_SUFFIX = 8

/** Checks the whole file. `pace` is awaited now and then with the bytes checked since. @returns what is wrong, or null */
export async function checkTableFile(
  bytes: Uint8Array,
  pace: (bytes: number) => Promise<void> = async () => {},
): Promise<string | null> {
  const file = asBuffer(bytes)
  const roots = readRoots(file)
  if (roots === undefined) return 'its footer makes no sense'
  let sinceBreak = 0
  for (const root of [roots.index, roots.metaIndex]) {
    const flaw = blockFlaw(file, root)
    if (flaw !== null) return `index ${flaw}`
    const handles = readIndex(file, root)
    if (handles === undefined) return 'an index block makes no sense'
    for (const handle of handles) {
      const blockDamage = blockFlaw(file, handle)
      if (blockDamage !== null) return blockDamage
      sinceBreak += handle.size
      if (sinceBreak > 256 * 1024) {
        await pace(sinceBreak)
        sinceBreak = 0
      }
    }
  }
  return null
}

/**
 * Whether an iteration from `start` on reads nothing flawed: index and footer are whole, and so is every block that may
 * hold a key from `start` on. Filters do not matter, only single reads ask them.
 */
export function isWholeFrom(bytes: Uint8Array, start: Uint8Array): boolean {
  const file = asBuffer(bytes)
  const index = readRoots(file)?.index
  if (index === undefined || blockFlaw(file, index) !== null) return false
  const blocks = readIndex(file, index)
  return blocks?.every((block) => Buffer.compare(block.upTo, start) < 0 || blockFlaw(file, block) === null) ?? false
}

function readRoots(file: Buffer): { readonly index: BlockHandle; readonly metaIndex: BlockHandle } | undefined {
  const footer = file.subarray(Math.max(0, file.length - FOOTER))
  if (footer.length < FOOTER || footer.readUInt32LE(40) !== MAGIC_LOW || footer.readUInt32LE(44) !== MAGIC_HIGH)
    return undefined
  const reader = new VarintReader(footer, 0, 40)
  const metaIndex = readHandle(reader)
  const index = readHandle(reader)
  return reader.overrun ? undefined : { index, metaIndex }
}

function blockFlaw(file: Buffer, { offset, size }: BlockHandle): string | null {
  const end = offset + size
  if (end + TRAILER > file.length - FOOTER) return `block at ${offset} reaches over the end`
  const stored = unmask(file.readUInt32LE(end + 1))
  return stored === crc32c(file, offset, end + 1) ? null : `block at ${offset} fails its checksum`
}

/** The blocks that an index block names. */
function readIndex(file: Buffer, { offset, size }: BlockHandle): IndexedBlock[] | undefined {
  const packed = file[offset + size] === 1
  const raw = file.subarray(offset, offset + size)
  const block = packed ? unpackSnappy(raw) : raw
  if (block === undefined || block.length < 4) return undefined
  const restarts = asBuffer(block).readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) return undefined
  const reader = new VarintReader(block, 0, end)
  const blocks: IndexedBlock[] = []
  let key = Buffer.alloc(0)
  while (!reader.atEnd) {
    const sharedKeyLength = reader.number()
    const ownKeyLength = reader.number()
    const valueLength = reader.number()
    key = Buffer.concat([key.subarray(0, sharedKeyLength), reader.raw(ownKeyLength)])
    const value = new VarintReader(reader.raw(valueLength))
    blocks.push({ ...readHandle(value), upTo: key.subarray(0, -KEY_SUFFIX) })
    if (reader.overrun || value.overrun) return undefined
  }
  return blocks
}

function readHandle(reader: VarintReader): BlockHandle {
  return { offset: reader.number(), size: reader.number() }
}
