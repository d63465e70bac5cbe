/**
 * Datagrams and tables of a cluster with a secret: AES-256-GCM, the key made from the secret. To change the secret without
 * a pause give each node "new,old" in turn, then "new" alone: the first seals, all open.
 *
 * Layout: a byte that no bare packet begins with, 12 bytes of nonce, the sealed bytes, 16 bytes of tag.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const MARK = 0xa7
const NONCE = 12
const TAG = 16
/** What sealing adds. */
const SEAL_BYTES = 1 + NONCE + TAG

export class Seal {
  // Invariant: the first one seals; none: nothing is sealed.
  readonly #keys: readonly Buffer[]

  /** @param secret null or empty: bare packets; several secrets separated by commas */
  constructor(secret: string | null) {
    this.#keys = (secret ?? '')
      .split(',')
      .filter((one) => one !== '')
      .map((one) => Buffer.from(hkdfSync('sha256', one, 'base-kv', 'gossip v1', 32)))
  }

  close(bytes: Uint8Array): Uint8Array {
    const [key] = this.#keys
    if (!key) return bytes
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    return Buffer.concat([Buffer.of(MARK), nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }

  /** @returns undefined when it was sealed with another secret, or is bare where it must not be, or the other way round. */
  open(bytes: Uint8Array): Uint8Array | undefined {
    const sealed = bytes[0] === MARK
    if (this.#keys.length === 0) return sealed ? undefined : bytes
    if (!sealed || bytes.length < SEAL_BYTES) return undefined
    const nonce = bytes.subarray(1, 1 + NONCE)
    const tag = bytes.subarray(bytes.length - TAG)
    for (const key of this.#keys) {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
      decipher.setAuthTag(tag)
      try {
        return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE, bytes.length - TAG)), decipher.final()])
      } catch {
        // Sealed with another key, or changed on the way.
      }
    }
    return undefined
  }
}
