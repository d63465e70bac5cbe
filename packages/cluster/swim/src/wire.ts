/**
 * Packets. All begin alike: version, cluster, epoch, and who sends, so that what another cluster's node sends to a reused
 * address is recognised before anything else is looked at. Then the kind's own fields, then news. A datagram stays under
 * PACKET_BYTES_MAX with room for a seal; only a whole table, which travels over a reliable channel, is longer.
 */
import { type HostId, hostId, readWire, type WireReader, wireTextBytes, WireWriter } from '@base-kv/base'
import type { MemberState, Update } from './member.ts'

const WIRE_VERSION = 1
/** 1,400 less what sealing adds. */
export const PACKET_BYTES_MAX = 1_350
export const USER_BYTES_MAX = 1_000
export const SYNC_BYTES_MAX = 1024 * 1024
/** Members in one table. */
const SYNC_MEMBERS_MAX = 4_096
/** A process that objects once a second for 60 years. Higher ones are malformed: they would end all objections. */
const INCARNATION_MAX = 0x7fff_ffff

export interface Header {
  /** Percent-encoded, so that it is ASCII. */
  readonly cluster: string
  /** 0: belongs to none yet. */
  readonly epoch: bigint
  readonly host: HostId
  readonly address: string
  readonly incarnation: number
}

export type Body =
  /** Asks the process at the address whether it is `target`. */
  | { readonly kind: 'ping'; readonly seq: number; readonly target: HostId }
  /** Asks a third one to ping the target. */
  | { readonly kind: 'pingReq'; readonly seq: number; readonly target: HostId; readonly address: string }
  | { readonly kind: 'ack'; readonly seq: number }
  /** The third one heard nothing: it is itself reachable. */
  | { readonly kind: 'nack'; readonly seq: number }
  /** Another process answers at the address of `target`. */
  | { readonly kind: 'gone'; readonly seq: number; readonly target: HostId }
  | { readonly kind: 'gossip' }
  | { readonly kind: 'user'; readonly bytes: Uint8Array }
  /** Whole tables, over a reliable channel only. */
  | { readonly kind: 'sync' }
  | { readonly kind: 'syncReply' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface Packet {
  readonly header: Header
  readonly body: Body
  readonly updates: readonly Update[]
}

const kinds = ['ping', 'pingReq', 'ack', 'nack', 'gone', 'gossip', 'user', 'sync', 'syncReply', 'refused'] as const
const states: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left']

export type Decoded = { readonly packet: Packet } | { readonly refused: 'malformed' | 'otherVersion' }

/** Never throws, whatever the bytes. */
export function decodePacket(bytes: Uint8Array): Decoded {
  if (bytes.length > SYNC_BYTES_MAX || bytes.length === 0) return { refused: 'malformed' }
  if (bytes[0] !== WIRE_VERSION) return { refused: 'otherVersion' }
  const packet = readWire(bytes, readPacket)
  return packet === undefined ? { refused: 'malformed' } : { packet }
}

function readPacket(reader: WireReader): Packet {
  reader.u8()
  const kind = kinds[reader.u8()]
  reader.refuseUnless(kind !== undefined)
  const header: Header = {
    cluster: reader.text(),
    epoch: reader.u64(),
    host: readHost(reader),
    address: readAddress(reader),
    incarnation: readIncarnation(reader),
  }
  const body = readBody(kind as (typeof kinds)[number], reader)
  const count = reader.u16()
  reader.refuseUnless(count <= SYNC_MEMBERS_MAX)
  const updates: Update[] = []
  for (let i = 0; i < count; i++) updates.push(readUpdate(reader))
  return { header, body, updates }
}

function readBody(kind: (typeof kinds)[number], reader: WireReader): Body {
  switch (kind) {
    case 'ping':
    case 'gone':
      return { kind, seq: reader.u32(), target: readHost(reader) }
    case 'pingReq':
      return { kind, seq: reader.u32(), target: readHost(reader), address: readAddress(reader) }
    case 'ack':
    case 'nack':
      return { kind, seq: reader.u32() }
    case 'user':
      return { kind, bytes: reader.bytes(USER_BYTES_MAX).slice() }
    case 'refused':
      return { kind, reason: reader.text() }
    case 'gossip':
    case 'sync':
    case 'syncReply':
      return { kind }
  }
}

function readUpdate(reader: WireReader): Update {
  const state = states[reader.u8()]
  reader.refuseUnless(state !== undefined)
  return {
    state: state as MemberState,
    host: readHost(reader),
    address: readAddress(reader),
    incarnation: readIncarnation(reader),
    from: readHost(reader),
  }
}

function readHost(reader: WireReader): HostId {
  const text = reader.text()
  reader.refuseUnless(text.length > 0 && text.length <= 64)
  return hostId(text)
}

/** Looked at only for its shape; a name that does not resolve is the shell's trouble. */
function readAddress(reader: WireReader): string {
  const text = reader.text()
  reader.refuseUnless(/^[^\s]{1,250}:\d{1,5}$/.test(text))
  return text
}

function readIncarnation(reader: WireReader): number {
  const incarnation = reader.u32()
  reader.refuseUnless(incarnation <= INCARNATION_MAX)
  return incarnation
}

/** @returns the bytes, and how many of `updates`, from the first, fit under `bytesMax`. */
export function encodePacket(
  packet: Packet,
  bytesMax: number,
): { readonly bytes: Uint8Array; readonly updatesTaken: number } {
  const { header, body, updates } = packet
  const writer = new WireWriter().u8(WIRE_VERSION).u8(kinds.indexOf(body.kind))
  writer.text(header.cluster).u64(header.epoch).text(header.host).text(header.address).u32(header.incarnation)
  if ('seq' in body) writer.u32(body.seq)
  if ('target' in body) writer.text(body.target)
  if (body.kind === 'pingReq') writer.text(body.address)
  if (body.kind === 'user') writer.bytes(body.bytes)
  if (body.kind === 'refused') writer.text(body.reason)
  let room = bytesMax - writer.length - 2
  let taken = 0
  for (const update of updates) {
    room -= updateBytes(update)
    if (room < 0 || taken === SYNC_MEMBERS_MAX) break
    taken++
  }
  writer.u16(taken)
  for (let i = 0; i < taken; i++) {
    const update = updates[i] as Update
    writer.u8(states.indexOf(update.state)).text(update.host).text(update.address)
    writer.u32(update.incarnation).text(update.from)
  }
  return { bytes: writer.take(), updatesTaken: taken }
}

const updateBytes = (update: Update): number =>
  5 + wireTextBytes(update.host) + wireTextBytes(update.address) + wireTextBytes(update.from)
