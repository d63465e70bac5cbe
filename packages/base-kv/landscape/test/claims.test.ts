import { describe, expect, test } from '@jest/globals'
import { type Boundary, contains } from '@base-kv/base'
import fc from 'fast-check'
import { layClaims, pieceOf } from '../src/index.ts'

const key = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text))
const claim = (name: string, start: string | null, end: string | null) => ({
  name,
  boundary: { start: key(start), end: key(end) },
})
const shown = ({ boundary: { start, end } }: { readonly boundary: Boundary }): string =>
  `${start === null ? '' : Buffer.from(start)}..${end === null ? '' : Buffer.from(end)}`

describe('claims laid over one another', () => {
  test('the newest is whole, an older one shows where nothing covers it', () => {
    const pieces = layClaims([claim('right', 'm', 't'), claim('whole', null, null), claim('old', 'a', 'p')])
    expect(pieces.map((piece) => `${piece.claim.name} ${shown(piece)}`)).toEqual([
      'whole ..m',
      'right m..t',
      'whole t..',
    ])
    expect(pieceOf(pieces, Buffer.from('m'))?.claim.name).toBe('right')
    expect(pieceOf(pieces, Buffer.from('t'))?.claim.name).toBe('whole')
    expect(pieceOf(pieces, Buffer.from(''))?.claim.name).toBe('whole')
  })

  test('where nobody claims anything there is nothing', () => {
    const pieces = layClaims([claim('a', 'b', 'c'), claim('b', 'f', null)])
    expect(['a', 'b', 'c', 'e', 'f', 'z'].map((at) => pieceOf(pieces, Buffer.from(at))?.claim.name)).toEqual([
      undefined,
      'a',
      undefined,
      undefined,
      'b',
      'b',
    ])
    expect(pieceOf(layClaims([]), Buffer.from('a'))).toBeUndefined()
  })

  test('for any claims: sorted, without overlap, and each key has the first claim on it', () => {
    const letters = ['b', 'd', 'f', 'h', 'j']
    const edge = fc.constantFrom(null, ...letters)
    const any = fc
      .tuple(edge, edge)
      .filter(([a, b]) => a !== b || a === null)
      .map(([a, b]) => (a !== null && b !== null && a > b ? claim('', b, a) : claim('', a, b)))
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), (claims) => {
        const pieces = layClaims(claims)
        for (const [i, { boundary }] of pieces.entries()) {
          const next = pieces[i + 1]
          if (next) expect(Buffer.compare(boundary.end!, next.boundary.start!)).toBeLessThanOrEqual(0)
        }
        for (const at of ['a', ...letters.flatMap((letter) => [letter, `${letter}x`])]) {
          const found = pieceOf(pieces, Buffer.from(at))?.claim
          expect(found).toBe(claims.find((one) => contains(one.boundary, Buffer.from(at))))
        }
      }),
    )
  })
})
