/**
 * A configuration as bytes: version 1, then four lists, each one count byte and per member 16 bytes of store id and eight
 * of replica id, big-endian. No two byte strings mean the same configuration, so equal bytes are equal configurations.
 */
import { assert, replicaId, storeIdFromBytes, storeIdToBytes } from '@base-kv/base'
import { configMembersMax, wellFormed } from './config.ts'
import type { Config, Member } from './types.ts'

const VERSION = 1
const MEMBER_BYTES = 24

/** @throws AssertionError when the configuration is not well formed. */
export function encodeConfig(config: Config): Uint8Array {
  assert(wellFormed(config), 'only a well-formed configuration is written')
  const lists = [config.voters, config.learners, config.nextVoters, config.nextLearners]
  const bytes = new Uint8Array(1 + lists.length + MEMBER_BYTES * lists.reduce((sum, list) => sum + list.length, 0))
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  let at = 1
  for (const list of lists) {
    bytes[at++] = list.length
    for (const { store, replica } of list) {
      bytes.set(storeIdToBytes(store), at)
      view.setBigUint64(at + 16, BigInt(replica))
      at += MEMBER_BYTES
    }
  }
  return bytes
}

/** @returns undefined for anything that `encodeConfig` does not write. */
export function decodeConfig(bytes: Uint8Array): Config | undefined {
  if (bytes[0] !== VERSION) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const lists: Member[][] = []
  let at = 1
  for (let i = 0; i < 4; i++) {
    const count = bytes[at++]
    if (count === undefined || count > configMembersMax || at + count * MEMBER_BYTES > bytes.length) return undefined
    const list: Member[] = []
    for (let j = 0; j < count; j++, at += MEMBER_BYTES) {
      const replica = view.getBigUint64(at + 16)
      if (replica > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
      list.push({ store: storeIdFromBytes(bytes.subarray(at, at + 16)), replica: replicaId(Number(replica)) })
    }
    lists.push(list)
  }
  if (at !== bytes.length) return undefined
  const [voters = [], learners = [], nextVoters = [], nextLearners = []] = lists
  const config = { voters, learners, nextVoters, nextLearners }
  return wellFormed(config) ? config : undefined
}
