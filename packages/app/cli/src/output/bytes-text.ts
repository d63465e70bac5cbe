/** Keys and values as a command line and a screen have them: UTF-8 text, or `hex:…` and `base64:…` for any bytes. */
import { KvError } from '@base-kv/base'

/** @throws KvError BadRequest */
export function parseBytes(text: string): Uint8Array {
  if (text.startsWith('hex:')) {
    const hex = text.slice(4)
    if (!/^(?:[0-9a-fA-F]{2})*$/.test(hex)) {
      throw new KvError('BadRequest', `"${text}" is not hexadecimal`, {
        hint: 'write two digits 0-9 a-f for each byte',
      })
    }
    return Buffer.from(hex, 'hex')
  }
  if (text.startsWith('base64:')) {
    const base64 = text.slice(7)
    const bytes = Buffer.from(base64, 'base64')
    if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
      throw new KvError('BadRequest', `"${text}" is not base64`, { hint: 'write standard base64 behind `base64:`' })
    }
    return bytes
  }
  return Buffer.from(text, 'utf8')
}

const SHORT = 24

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What `parseBytes` reads back as the same bytes; fit for one line. */
export function showBytes(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes)
    if (!/[\p{Cc}\u2028\u2029]|^(?:hex|base64):/u.test(text)) return text
  } catch {
    // Not UTF-8.
  }
  return `hex:${Buffer.from(bytes).toString('hex')}`
}

/** For a column: cut when it is long. */
export function showBytesShort(bytes: Uint8Array): string {
  const letters = Array.from(showBytes(bytes))
  return letters.length <= SHORT ? letters.join('') : `${letters.slice(0, SHORT - 1).join('')}…`
}
