import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Boundary, compareKeys, contains, covers, intersect, prefixEnd } from '@base-kv/base'

const key = fc.uint8Array({ maxLength: 4 })
const boundary = fc
  .tuple(fc.option(key), fc.option(key))
  .filter(([start, end]) => start === null || end === null || compareKeys(start, end) < 0)
  .map(([start, end]): Boundary => ({ start, end }))

describe('key ranges', () => {
  test('the order of keys is the order of their bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(a, b)))
      }),
    )
  })

  test('a key is in the common part exactly when it is in both', () => {
    fc.assert(
      fc.property(boundary, boundary, key, (a, b, k) => {
        const both = intersect(a, b)
        expect(both !== undefined && contains(both, k)).toBe(contains(a, k) && contains(b, k))
      }),
    )
  })

  test('what covers a range contains its keys', () => {
    fc.assert(
      fc.property(boundary, boundary, key, (a, b, k) => {
        if (covers(a, b) && contains(b, k)) expect(contains(a, k)).toBe(true)
      }),
    )
  })

  test('a prefix ends where its keys end', () => {
    fc.assert(
      fc.property(key, key, (prefix, k) => {
        const starts = Buffer.from(k).subarray(0, prefix.length).equals(Buffer.from(prefix))
        expect(contains({ start: prefix, end: prefixEnd(prefix) }, k)).toBe(starts)
      }),
    )
    expect(prefixEnd(new Uint8Array([0xff, 0xff]))).toBeNull()
  })
})
