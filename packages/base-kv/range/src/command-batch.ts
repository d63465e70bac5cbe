/**
 * What one log entry carries: the commands of all clients that arrived while the disk was busy.
 *
 *   version u8 = 1, then per command: kind u8, length u32 little-endian, body
 */
import { assert, KvError } from '@base-kv/base'

const VERSION = 1
const COMMAND_HEAD = 5

/** Bytes that a command takes in an entry. */
export const commandBytes = (body: Uint8Array): number => COMMAND_HEAD + body.length

/** Kinds from here on belong to the range itself. */
export const RangeCommand = { confirmEpoch: 128, repair: 129 } as const

export interface Command {
  readonly kind: number
  readonly body: Uint8Array
}

/** @param bytes the sum of `commandBytes` of the commands */
export function encodeCommands(commands: readonly Command[], bytes: number): Uint8Array {
  const out = Buffer.allocUnsafeSlow(1 + bytes)
  out[0] = VERSION
  let at = 1
  for (const { kind, body } of commands) {
    out[at] = kind
    out.writeUInt32LE(body.length, at + 1)
    out.set(body, at + COMMAND_HEAD)
    at += COMMAND_HEAD + body.length
  }
  assert(at === out.length, 'the size of a command batch was counted right')
  return out
}

/** Calls `each` per command, in order; bodies are views on `data`. @throws KvError Corrupt, BadConfig for a newer version */
export function decodeCommands(data: Uint8Array, each: (kind: number, body: Uint8Array) => void): void {
  if (data[0] !== VERSION) {
    throw new KvError('BadConfig', `a log entry has format ${data[0]}, this version reads ${VERSION}`, {
      hint: 'start a newer base-kv on this data folder',
    })
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  let at = 1
  while (at < data.length) {
    if (at + COMMAND_HEAD > data.length) throw cutOff()
    const kind = view.getUint8(at)
    const length = view.getUint32(at + 1, true)
    const start = at + COMMAND_HEAD
    if (start + length > data.length) throw cutOff()
    each(kind, data.subarray(start, start + length))
    at = start + length
  }
}

const cutOff = () => new KvError('Corrupt', 'a log entry ends inside a command')
