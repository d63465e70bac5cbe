/** Messages between replicas, versioned and bounded; any bytes may arrive. */
import { type HostId, hostId, readWire, type WireReader, WireWriter } from '@base-kv/base'
import type { Entry, Part } from './owned-map.ts'
import { EDITS_MAX, type Register, REGISTERS_MAX } from './registers.ts'

const VERSION = 1
/** A message is cut there and continued by the next one … */
export const MESSAGE_BYTES_MAX = 1024 * 1024
/** … but what one owner has in all may be needed whole. */
export const OWNER_BYTES_MAX = 3 * 1024 * 1024
const ACCEPTED_BYTES_MAX = MESSAGE_BYTES_MAX + OWNER_BYTES_MAX + 64 * 1024
export const VALUE_BYTES_MAX = 256 * 1024
export const KEY_LENGTH_MAX = 200
export const OWNERS_MAX = 4_096
const ENTRIES_MAX = 65_536

export type Message =
  /** "Is all that I know this?" Answered with a digest when it is not what the receiver knows. */
  | { readonly kind: 'check'; readonly hash: bigint }
  /** What the sender knows; the receiver sends what is missing there. */
  | {
      readonly kind: 'digest'
      readonly versions: readonly (readonly [owner: HostId, version: bigint])[]
      readonly registersHash: bigint
      /** Of these owners only, and not of the registers. */
      readonly partial: boolean
      /** The receiver, if it lacks something itself, says so. */
      readonly answer: boolean
    }
  | {
      readonly kind: 'delta'
      readonly parts: readonly (readonly [owner: HostId, part: Part])[]
      readonly registers: readonly (readonly [key: string, register: Register])[]
      /** There is more than fitted. */
      readonly more: boolean
    }

const kinds = ['check', 'digest', 'delta'] as const

export function encodeMessage(message: Message): Uint8Array {
  const writer = new WireWriter().u8(VERSION).u8(kinds.indexOf(message.kind))
  switch (message.kind) {
    case 'check':
      writer.u64(message.hash)
      break
    case 'digest':
      writer.u8((message.partial ? 1 : 0) | (message.answer ? 2 : 0)).u64(message.registersHash)
      writer.u16(message.versions.length)
      for (const [owner, version] of message.versions) writer.text(owner).u64(version)
      break
    case 'delta':
      writer.u8(message.more ? 1 : 0).u16(message.parts.length)
      for (const [owner, part] of message.parts) writePart(writer.text(owner), part)
      writer.u16(message.registers.length)
      for (const [key, register] of message.registers) writeRegister(writer.text(key), register)
  }
  return writer.take()
}

/** @returns undefined for bytes that are no message of this version. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length > ACCEPTED_BYTES_MAX || bytes[0] !== VERSION) return undefined
  return readWire(bytes, (reader) => {
    reader.u8()
    const kind = kinds[reader.u8()]
    switch (kind) {
      case 'check':
        return { kind, hash: reader.u64() }
      case 'digest':
        return readDigest(reader)
      case 'delta':
        return readDelta(reader)
      case undefined:
        reader.refuseUnless(false)
        return { kind: 'check', hash: 0n }
    }
  })
}

/** What an entry takes in a message. */
export const entrySize = (key: string, { value }: Entry): number => 14 + key.length + (value?.length ?? 0)
export const registerSize = (key: string, { value, host }: Register): number =>
  20 + key.length + host.length + value.length

function readDigest(reader: WireReader): Message {
  const flags = reader.u8()
  const registersHash = reader.u64()
  const count = reader.u16()
  reader.refuseUnless(count <= OWNERS_MAX)
  const versions: [HostId, bigint][] = []
  for (let i = 0; i < count; i++) versions.push([readHost(reader), reader.u64()])
  return { kind: 'digest', versions, registersHash, partial: (flags & 1) !== 0, answer: (flags & 2) !== 0 }
}

function readDelta(reader: WireReader): Message {
  const more = reader.u8() !== 0
  const partCount = reader.u16()
  reader.refuseUnless(partCount <= OWNERS_MAX)
  const parts: [HostId, Part][] = []
  for (let i = 0; i < partCount; i++) parts.push([readHost(reader), readPart(reader)])
  const registerCount = reader.u16()
  reader.refuseUnless(registerCount <= REGISTERS_MAX)
  const registers: [string, Register][] = []
  for (let i = 0; i < registerCount; i++) registers.push([readKey(reader), readRegister(reader)])
  return { kind: 'delta', parts, registers, more }
}

function writePart(writer: WireWriter, { after, to, floor, entries }: Part): void {
  writer.u64(after).u64(to).u64(floor).u32(entries.length)
  for (const [key, { stamp, value }] of entries) {
    writer.text(key).u64(stamp)
    if (value === null) writer.u8(0)
    else writer.u8(1).bytes(value)
  }
}

function readPart(reader: WireReader): Part {
  const after = reader.u64()
  const to = reader.u64()
  const floor = reader.u64()
  const count = reader.u32()
  reader.refuseUnless(count <= ENTRIES_MAX && after < to && floor <= to)
  const entries: [string, Entry][] = []
  let last = after
  for (let i = 0; i < count; i++) {
    const key = readKey(reader)
    const stamp = reader.u64()
    reader.refuseUnless(stamp > last && stamp <= to)
    last = stamp
    entries.push([key, { stamp, value: reader.u8() === 0 ? null : reader.bytes(VALUE_BYTES_MAX).slice() }])
  }
  reader.refuseUnless(new Set(entries.map(([key]) => key)).size === entries.length)
  return { after, to, floor, entries }
}

function writeRegister(writer: WireWriter, { edit, stamp, host, value }: Register): void {
  writer.u32(edit).u64(stamp).text(host).bytes(value)
}

function readRegister(reader: WireReader): Register {
  const edit = reader.u32()
  reader.refuseUnless(edit > 0 && edit <= EDITS_MAX)
  return { edit, stamp: reader.u64(), host: readHost(reader), value: reader.bytes(VALUE_BYTES_MAX).slice() }
}

function readKey(reader: WireReader): string {
  const key = reader.text()
  reader.refuseUnless(key.length > 0 && key.length <= KEY_LENGTH_MAX)
  return key
}

function readHost(reader: WireReader): HostId {
  const text = reader.text()
  reader.refuseUnless(text.length > 0 && text.length <= 64)
  return hostId(text)
}
