/**
 * Whole numbers below 2^53 in eight bytes, little-endian. Read as two halves: a number that fits in 31 bits then stays
 * what the engine calls a small integer, which is neither allocated in objects nor slow as a key.
 */
const HALF = 2 ** 32

export function writeWide(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % HALF, true)
  view.setUint32(at + 4, value < HALF ? 0 : Math.floor(value / HALF), true)
}

export function readWide(view: DataView, at: number): number {
  const low = view.getUint32(at, true)
  const high = view.getUint32(at + 4, true)
  return high === 0 ? low : low + high * HALF
}
