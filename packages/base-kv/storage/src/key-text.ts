/**
 * Keys in memory are strings with one character a byte: as Map keys they cost a third of any other form, and string order
 * is byte order.
 */

// Node's own native method; `toString('latin1')` needs a Buffer and takes twice as long.
const latin1Slice = (Buffer.prototype as unknown as { latin1Slice(this: Uint8Array, from: number, to: number): string })
  .latin1Slice

export function keyText(key: Uint8Array, from = 0): string {
  return latin1Slice.call(key, from, key.length)
}

export function keyBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
