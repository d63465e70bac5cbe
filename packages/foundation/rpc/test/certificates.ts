/** Makes certificates for tests: the few pieces of DER that X.509 needs, signed with a P-256 key. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { TlsOptions } from '../src/index.ts'

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const length = content.length
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const name = (common: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(common)))))
const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))
const ecdsaSha256 = sequence(oid('2a8648ce3d040302'))
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value))

interface Made {
  readonly common: string
  readonly pem: Buffer
  readonly key: KeyObject
}

function make(common: string, issuer: Made | undefined): Made {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const day = 86_400_000
  const extensions =
    issuer === undefined
      ? [extension('551d13', sequence(der(0x01, Buffer.from([0xff]))))]
      : [extension('551d11', sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))))]
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaSha256,
    name(issuer?.common ?? common),
    sequence(time(new Date(Date.now() - day)), time(new Date(Date.now() + day))),
    name(common),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, issuer?.key ?? privateKey)
  const certificate = sequence(body, ecdsaSha256, der(0x03, Buffer.from([0]), signature))
  const text = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  const pem = Buffer.from(`-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`)
  return { common, pem, key: privateKey }
}

/** An authority and as many certificates for 127.0.0.1 and localhost as wanted. */
export function authority(common: string): { issue(): TlsOptions } {
  const ca = make(common, undefined)
  return {
    issue() {
      const made = make('node', ca)
      return { ca: ca.pem, cert: made.pem, key: Buffer.from(made.key.export({ type: 'pkcs8', format: 'pem' })) }
    },
  }
}
