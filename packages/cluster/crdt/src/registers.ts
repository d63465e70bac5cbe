/**
 * Values that anybody may write: few keys, all known, the last write wins. What is "last": whoever had seen more edits of
 * the key; between two who had seen the same, the later stamp; then the host id. So an operator who saw the newest choice
 * and changes it wins, whatever the clocks say. A value is taken back by writing an empty one: a deleted key cannot come
 * back from a disk or from a node that was away.
 */
import type { HostId } from '@base-kv/base'

export const REGISTERS_MAX = 1_024
/** Higher ones are not believed: they would end all edits. */
export const EDITS_MAX = 0x7fff_ffff

export interface Register {
  /** How many edits the writer had seen, and this one. */
  readonly edit: number
  readonly stamp: bigint
  readonly host: HostId
  /** Empty: taken back. */
  readonly value: Uint8Array
}

export class Registers {
  // Invariant: at most REGISTERS_MAX.
  readonly #registers = new Map<string, Register>()

  get(key: string): Register | undefined {
    return this.#registers.get(key)
  }

  get entries(): Iterable<readonly [key: string, register: Register]> {
    return this.#registers
  }

  /** @returns whether it is the newest write of its key now; false also when there are too many keys. */
  join(key: string, register: Register): boolean {
    const known = this.#registers.get(key)
    if (known && compareRegisters(register, known) <= 0) return false
    if (!known && this.#registers.size >= REGISTERS_MAX) return false
    this.#registers.set(key, register)
    return true
  }
}

function compareRegisters(a: Register, b: Register): number {
  if (a.edit !== b.edit) return a.edit - b.edit
  if (a.stamp !== b.stamp) return a.stamp < b.stamp ? -1 : 1
  if (a.host !== b.host) return a.host < b.host ? -1 : 1
  // Only a writer that broke the rules writes two values under one order; all replicas still choose alike.
  return compareBytes(a.value, b.value)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return 0
}
