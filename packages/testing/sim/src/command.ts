import { EntryType, type Entry } from '@base-kv/raft'

/** Keys of the register map. */
export const keyCount = 8

/** A write: an id that no other write has, and the register that it sets. The rest of the bytes are there to weigh. */
export interface Command {
  readonly id: number
  readonly key: number
}

export function encodeCommand(command: Command, bytes: number): Uint8Array {
  const out = new Uint8Array(Math.max(5, bytes))
  new DataView(out.buffer).setUint32(0, command.id)
  out[4] = command.key
  return out
}

export function decodeCommand(data: Uint8Array): Command {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return { id: view.getUint32(0), key: view.getUint8(4) }
}

/** What an entry says, as one number: equal for equal type and bytes. */
export function fingerprint(entry: Entry): number {
  let hash = 0x811c9dc5 ^ entry.type
  const { data } = entry
  const end = entry.type === EntryType.command ? Math.min(5, data.length) : data.length
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ (data[i] as number), 0x01000193)
  return Math.imul(hash ^ data.length, 0x01000193) >>> 0
}
