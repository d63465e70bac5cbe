import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { commandBytes, decodeCommands, encodeCommands } from '@base-kv/range'

const command = fc.record({ kind: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 40 }) })

const decode = (data: Uint8Array) => {
  const out: { kind: number; body: Uint8Array }[] = []
  decodeCommands(data, (kind, body) => out.push({ kind, body: Uint8Array.from(body) }))
  return out
}

describe('commands in a log entry', () => {
  test('come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(command), (commands) => {
        const bytes = commands.reduce((sum, one) => sum + commandBytes(one.body), 0)
        expect(decode(encodeCommands(commands, bytes))).toEqual(commands)
      }),
    )
  })

  test('a cut-off entry is refused, never read as a shorter one', () => {
    const commands = [
      { kind: 1, body: Uint8Array.of(1, 2, 3) },
      { kind: 2, body: Uint8Array.of(4) },
    ]
    const whole = encodeCommands(commands, 5 + 3 + 5 + 1)
    for (let cut = 2; cut < whole.length; cut++) {
      if (cut === 1 + 5 + 3) continue
      expect(() => decode(whole.subarray(0, cut))).toThrow('ends inside a command')
    }
  })

  test('a newer format says what to do', () => {
    expect(() => decode(Uint8Array.of(2, 0))).toThrow('format 2')
  })
})
