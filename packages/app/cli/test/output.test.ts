import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseDuration } from '../src/client-options.ts'
import { showLogLine } from '../src/cluster/node-exit.ts'
import { parseBytes, showBytes, showBytesShort } from '../src/output/bytes-text.ts'
import { codeWord } from '../src/output/print-error.ts'
import { showBytesCount, showTime } from '../src/output/show-units.ts'
import { table } from '../src/output/table.ts'

describe('keys and values as text', () => {
  test('what is shown reads back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(Uint8Array.from(parseBytes(showBytes(bytes)))).toEqual(bytes)
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = Buffer.from(text)
        expect(Buffer.from(parseBytes(showBytes(bytes)))).toEqual(bytes)
      }),
    )
  })

  test('a long key is cut in a column', () => {
    expect(showBytesShort(Buffer.from('k'.repeat(24)))).toBe('k'.repeat(24))
    expect(showBytesShort(Buffer.from('ü'.repeat(25)))).toBe(`${'ü'.repeat(23)}…`)
    expect(showBytesShort(Buffer.alloc(100, 0xff))).toBe(`hex:${'f'.repeat(19)}…`)
  })

  test.each([
    ['hello', 'hello'],
    ['grün', 'grün'],
    ['hex:00', 'hex:6865783a3030'],
    ['two\nlines', 'hex:74776f0a6c696e6573'],
  ])('%j is shown as %j', (text, shown) => expect(showBytes(Buffer.from(text))).toBe(shown))

  test.each(['hex:0', 'hex:zz', 'base64:a', 'base64:*'])('%j is refused', (text) => {
    expect(() => parseBytes(text)).toThrow(expect.objectContaining({ code: 'BadRequest' }))
  })
})

test.each([
  ['5s', 5_000],
  ['2', 2_000],
  ['250ms', 250],
  ['1.5s', 1_500],
  ['2m', 120_000],
])('a time of %s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

test.each(['', '0', 'soon', '-1s', '2d', '1e9h'])('"%s" is no time', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'BadRequest' }))
})

test('a table pads its columns and shows what is unknown as a dash', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['grün', 1],
        [undefined, ''],
      ],
    ),
  ).toBe('A     LONG\ngrün  1\n-     -\n')
})

test('codes, times and sizes as people read them', () => {
  expect(codeWord('OutcomeUnknown')).toBe('OUTCOME_UNKNOWN')
  expect([900, 61_000, 7_500_000, 100_000_000].map(showTime)).toEqual(['0.9s', '1m 1s', '2h 5m', '1d 3h'])
  expect([0, 1_536, 20 * 1024 ** 2].map(showBytesCount)).toEqual(['0 B', '1.5 KiB', '20 MiB'])
})

test('a log line is readable, a line that is none stays as it is', () => {
  const line = '{"level":40,"time":0,"node":"n1","address":"127.0.0.1:1","reason":"broke","msg":"lost the connection"}'
  expect(showLogLine(line)).toBe('00:00:00.000 warn lost the connection address=127.0.0.1:1 reason=broke')
  expect(showLogLine('error BAD_CONFIG: x; y')).toBe('error BAD_CONFIG: x; y')
})
