/** CRC-32C (Castagnoli), which LevelDB's own files use and node:zlib does not have. Eight bytes a step. */
const POLYNOMIAL = 0x82f63b78
const tables = Array.from({ length: 8 }, () => new Uint32Array(256))
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  table(0)[byte] = crc >>> 0
}
for (let byte = 0; byte < 256; byte++) {
  for (let step = 1; step < 8; step++) {
    const before = table(step - 1)[byte] as number
    table(step)[byte] = ((before >>> 8) ^ (table(0)[before & 0xff] as number)) >>> 0
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = [0, 1, 2, 3, 4, 5, 6, 7].map(table) as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** Of bytes[from, to). */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff
  let at = from
  for (const end = to - 7; at < end; at += 8) {
    const x =
      (crc ^
        (byteAt(bytes, at) |
          (byteAt(bytes, at + 1) << 8) |
          (byteAt(bytes, at + 2) << 16) |
          (byteAt(bytes, at + 3) << 24))) >>>
      0
    crc =
      step(t7, x & 0xff) ^
      step(t6, (x >>> 8) & 0xff) ^
      step(t5, (x >>> 16) & 0xff) ^
      step(t4, x >>> 24) ^
      step(t3, byteAt(bytes, at + 4)) ^
      step(t2, byteAt(bytes, at + 5)) ^
      step(t1, byteAt(bytes, at + 6)) ^
      step(t0, byteAt(bytes, at + 7))
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ step(t0, (crc ^ byteAt(bytes, at)) & 0xff)
  return (crc ^ 0xffffffff) >>> 0
}

/** LevelDB stores checksums masked, so that a checksum of data with checksums in it stays strong. */
export function unmask(stored: number): number {
  const rotated = (stored - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

function table(index: number): Uint32Array {
  return tables[index] as Uint32Array
}

function step(of: Uint32Array, byte: number): number {
  return of[byte] as number
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}
