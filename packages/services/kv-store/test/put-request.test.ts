import { describe, expect, test } from '@jest/globals'
import { v1 } from '@base-kv/protocol'
import { putSizes, readPut } from '../src/put-request.ts'

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const lengths = [0, 1, 127, 128, 300, 16_383, 16_384, 70_000]

/** What protobuf itself makes of the bytes; null: nothing. */
function decoded(body: Uint8Array): { key: string; value: string } | null {
  try {
    const { key, value } = v1.PutRequest.decode(body)
    return { key: hex(key), value: hex(value) }
  } catch {
    return null
  }
}

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

function read(body: Uint8Array): { key: string; value: string } | null {
  try {
    const { key, value } = readPut(body)
    const sizes = putSizes(body)
    expect([sizes.key.length, sizes.value.length]).toEqual([key.length, value.length])
    return { key: hex(key), value: hex(value) }
  } catch (thrown) {
    expect(() => putSizes(body)).toThrow((thrown as Error).message)
    return null
  }
}

describe('a put is read as protobuf reads it', () => {
  test('keys and values of all lengths', () => {
    for (const key of lengths) {
      for (const value of lengths) {
        const body = v1.PutRequest.encode({ key: bytes(key, 1), value: bytes(value, 2) }).finish()
        expect(read(body)).toEqual({ key: hex(bytes(key, 1)), value: hex(bytes(value, 2)) })
      }
    }
  })

  test('bytes that are cut off, doubled, in another order, longer than needed or none of ours', () => {
    const put = Buffer.from(v1.PutRequest.encode({ key: bytes(3, 7), value: bytes(200, 8) }).finish())
    const bodies = [
      ...Array.from(put, (_, at) => put.subarray(0, at)),
      Buffer.concat([put, put]),
      Buffer.concat([put.subarray(5), put.subarray(0, 5)]),
      Buffer.concat([put, Buffer.from([0x18, 0x05])]),
      Buffer.from([0x0a, 0x83, 0x80, 0x00, 1, 2, 3, 0x12, 0x81, 0x00, 9]),
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0x12, 0x01, 9]),
      Buffer.from([0x0a, 0x01, 1, 0x12, 0x05, 9]),
      Buffer.from([0xff, 0xff]),
    ]
    for (const body of bodies) expect(read(body)).toEqual(decoded(body))
  })

  test('any bytes', () => {
    let seed = 1
    const below = (limit: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % limit
    for (let round = 0; round < 2_000; round++) {
      const body = Buffer.from(v1.PutRequest.encode({ key: bytes(below(4), 1), value: bytes(below(4), 2) }).finish())
      for (let flips = below(3); flips > 0 && body.length > 0; flips--) body[below(body.length)] = below(256)
      expect(read(body)).toEqual(decoded(body))
    }
  })
})
