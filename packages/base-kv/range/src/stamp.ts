/**
 * A stamp makes a write recognisable when it comes again: which client asked, and which of its writes it is. Writes
 * without one are applied at most once, because nobody sends them twice.
 */

declare const brand: unique symbol

/** 16 random bytes as a string of 16 characters up to U+00FF: what maps find fastest. */
export type ClientId = string & { readonly [brand]: 'ClientId' }

export const CLIENT_ID_BYTES = 16

export interface Stamp {
  readonly client: ClientId
  /** Unique among the client's writes; from 1. */
  readonly sequence: number
  /**
   * Position of the range (request-table.ts) that the client had seen before it sent the write for the first time.
   * Invariant: the same in all attempts of which one may have been applied.
   */
  readonly seen: number
  /** Whether an earlier attempt may have been applied. */
  readonly isRetry: boolean
}

/** The id that begins at `at`; there must be enough bytes. */
export const clientIdAt = (bytes: Buffer, at: number): ClientId =>
  bytes.toString('latin1', at, at + CLIENT_ID_BYTES) as ClientId

/** @returns null unless these are 16 bytes */
export function clientIdFromBytes(bytes: Uint8Array): ClientId | null {
  if (bytes.length !== CLIENT_ID_BYTES) return null
  return clientIdAt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0)
}

export const clientIdToBytes = (client: ClientId): Uint8Array => Buffer.from(client, 'latin1')

/** @returns null unless it is 16 bytes in hexadecimal */
export const clientIdFromHex = (hex: string): ClientId | null =>
  /^[0-9a-f]{32}$/.test(hex) ? clientIdFromBytes(Buffer.from(hex, 'hex')) : null
