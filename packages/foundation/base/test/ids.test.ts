import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  parseRangeId,
  rangeId,
  rangeIdFromBytes,
  rangeIdToBytes,
  storeId,
  storeIdFromBytes,
  storeIdToBytes,
} from '@base-kv/base'

describe('ids', () => {
  test('a range id survives its text and its bytes', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n), (epoch, id) => {
        const range = rangeId(epoch, id)
        expect(rangeIdFromBytes(rangeIdToBytes(range))).toBe(range)
        expect(parseRangeId(range)).toEqual({ epoch, id })
      }),
    )
    expect(parseRangeId('1_18446744073709551616')).toBeUndefined()
    expect(parseRangeId('x_1')).toBeUndefined()
  })

  test('a store id survives its bytes', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(storeIdFromBytes(storeIdToBytes(storeId(uuid)))).toBe(uuid)
      }),
    )
    expect(() => storeId('n1')).toThrow('not a store id')
  })
})
