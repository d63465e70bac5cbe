/** Unpacks a Snappy block: LevelDB packs index blocks too, and only they say where the other blocks are. */
import { VarintReader } from './varint.ts'

/** @returns undefined when the block makes no sense. */
export function unpackSnappy(packed: Uint8Array): Uint8Array | undefined {
  const reader = new VarintReader(packed)
  const length = reader.number()
  if (reader.overrun || length > 64 * 1024 * 1024) return undefined
  const out = new Uint8Array(length)
  let written = 0
  while (!reader.atEnd) {
    const tag = reader.raw(1)[0] as number
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >>> 2
      const literal = reader.raw(1 + (short < 60 ? short : little(reader.raw(short - 59))))
      if (reader.overrun || written + literal.length > length) return undefined
      out.set(literal, written)
      written += literal.length
      continue
    }
    const count = kind === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
    const offset = kind === 1 ? (tag >>> 5) * 256 + little(reader.raw(1)) : little(reader.raw(kind === 2 ? 2 : 4))
    if (reader.overrun || offset === 0 || offset > written || written + count > length) return undefined
    // Byte by byte: source and target may overlap, which repeats the pattern.
    for (let i = 0; i < count; i++, written++) out[written] = out[written - offset] as number
  }
  return written === length ? out : undefined
}

function little(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
}
