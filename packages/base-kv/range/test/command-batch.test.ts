import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ClientId, type Command, commandBytes, decodeCommands, encodeCommands, type Stamp } from '@base-kv/range'

const client = fc.integer({ min: 0, max: 3 }).map((n) => String.fromCharCode(n, 255 - n, 128, 0).repeat(4) as ClientId)
const stamp: fc.Arbitrary<Stamp> = fc.record({
  client,
  sequence: fc.maxSafeNat(),
  seen: fc.maxSafeNat(),
  isRetry: fc.boolean(),
})
const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: 40 }),
  stamp: fc.option(stamp),
})

const encode = (commands: readonly Command[]) =>
  encodeCommands(
    commands,
    commands.reduce((sum, one) => sum + commandBytes(one), 0),
  )

const decode = (data: Uint8Array) => {
  const out: Command[] = []
  decodeCommands(data, (kind, body, found) => out.push({ kind, body: Uint8Array.from(body), stamp: found }))
  return out
}

describe('commands in a log entry', () => {
  test('come out as they went in, with their stamps', () => {
    fc.assert(fc.property(fc.array(command), (commands) => expect(decode(encode(commands))).toEqual(commands)))
  })

  test('cut off anywhere, an entry is refused or has fewer commands, never other ones', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1 }), fc.nat(), (commands, at) => {
        const whole = encode(commands)
        const cut = whole.subarray(0, 1 + (at % (whole.length - 1)))
        let found: Command[]
        try {
          found = decode(cut)
        } catch (thrown) {
          expect((thrown as Error).message).toContain('ends inside a command')
          return
        }
        expect(found).toEqual(commands.slice(0, found.length))
        expect(found.length).toBeLessThan(commands.length)
      }),
    )
  })

  test('a newer format says what to do', () => {
    expect(() => decode(Uint8Array.of(3, 0))).toThrow('format 3')
  })
})
