/**
 * What one log entry carries: the commands of all clients that arrived while the disk was busy.
 *
 *   version u8 = 2, then per command: kind u8, flags u8 (1 stamped, 2 a retry), length u32, stamp if stamped, body
 *   a stamp: client u16 (how manieth client of this entry; of a new one 16 bytes of id follow), sequence u64, seen u64
 *
 * Little-endian.
 */
import { assert, KvError } from '@base-kv/base'
import { otherFormat } from './other-format.ts'
import { CLIENT_ID_BYTES, clientIdAt, type ClientId, type Stamp } from './stamp.ts'
import { readWide, writeWide } from './wide-number.ts'

const VERSION = 2
const COMMAND_HEAD = 6
const STAMP = 2 + 8 + 8
const STAMPED = 1
const RETRY = 2

/** Kinds from here on belong to the range itself. */
export const RangeCommand = {
  confirmEpoch: 128,
  split: 129,
  prepareMerge: 130,
  freeze: 131,
  merge: 132,
  cancelMerge: 133,
  thaw: 134,
  recover: 135,
  repair: 136,
} as const

/** 129 to 135 change what the range is: nothing else rides in their entry, so that its first byte tells of them. */
export const ridesAlone = (kind: number): boolean => kind >= RangeCommand.split && kind < RangeCommand.repair

/** The kind of the first command of an entry. */
export const firstKind = (data: Uint8Array): number | undefined => data[1]

/** The body of a command that rides alone in its entry. */
export const onlyBody = (data: Uint8Array): Uint8Array => data.subarray(1 + COMMAND_HEAD)

export interface Command {
  readonly kind: number
  readonly body: Uint8Array
  readonly stamp: Stamp | null
}

/** Bytes that a command takes in an entry, at most. */
export const commandBytes = ({ body, stamp }: Command): number =>
  COMMAND_HEAD + body.length + (stamp === null ? 0 : STAMP + CLIENT_ID_BYTES)

/** @param bytesMax the sum of `commandBytes` of the commands */
export function encodeCommands(commands: readonly Command[], bytesMax: number): Uint8Array {
  const out = Buffer.allocUnsafeSlow(1 + bytesMax)
  const view = new DataView(out.buffer)
  out[0] = VERSION
  let at = 1
  let clients: Map<ClientId, number> | null = null
  for (const { kind, body, stamp } of commands) {
    out[at] = kind
    out[at + 1] = stamp === null ? 0 : stamp.isRetry ? STAMPED | RETRY : STAMPED
    view.setUint32(at + 2, body.length, true)
    at += COMMAND_HEAD
    if (stamp !== null) {
      clients ??= new Map()
      const known = clients.get(stamp.client)
      view.setUint16(at, known ?? clients.size, true)
      at += 2
      if (known === undefined) {
        clients.set(stamp.client, clients.size)
        at += out.write(stamp.client, at, CLIENT_ID_BYTES, 'latin1')
      }
      writeWide(view, at, stamp.sequence)
      writeWide(view, at + 8, stamp.seen)
      at += 16
    }
    out.set(body, at)
    at += body.length
  }
  assert(at <= out.length, 'the size of a command batch was counted right')
  return out.subarray(0, at)
}

/** Calls `each` per command, in order; bodies are views on `data`. @throws KvError Corrupt, BadConfig for another version */
export function decodeCommands(
  data: Uint8Array,
  each: (kind: number, body: Uint8Array, stamp: Stamp | null) => void,
): void {
  if (data[0] !== VERSION) {
    throw otherFormat('a log entry', data[0] ?? 0, VERSION)
  }
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const clients: ClientId[] = []
  let at = 1
  while (at < bytes.length) {
    if (at + COMMAND_HEAD > bytes.length) throw cutOff()
    const kind = bytes[at] as number
    const flags = bytes[at + 1] as number
    const length = view.getUint32(at + 2, true)
    at += COMMAND_HEAD
    let stamp: Stamp | null = null
    if (flags !== 0) {
      if (at + STAMP > bytes.length) throw cutOff()
      const number = view.getUint16(at, true)
      at += 2
      if (number === clients.length) {
        if (at + STAMP - 2 + CLIENT_ID_BYTES > bytes.length) throw cutOff()
        clients.push(clientIdAt(bytes, at))
        at += CLIENT_ID_BYTES
      }
      const client = clients[number]
      if (client === undefined) throw new KvError('Corrupt', 'a log entry names a client that it does not have')
      stamp = {
        client,
        sequence: readWide(view, at),
        seen: readWide(view, at + 8),
        isRetry: (flags & RETRY) !== 0,
      }
      at += 16
    }
    if (at + length > bytes.length) throw cutOff()
    each(kind, data.subarray(at, at + length), stamp)
    at += length
  }
}

const cutOff = () => new KvError('Corrupt', 'a log entry ends inside a command')
