import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { frameMessage, MessageReader } from '../src/message-frames.ts'

test('messages come out whole and in order, however the chunks are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
  const cuts = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(messages, cuts, (sent, lengths) => {
      const bytes = Buffer.concat(sent.map(frameMessage))
      const reader = new MessageReader(300)
      const received: Buffer[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + lengths[i % lengths.length]!
        reader.push(bytes.subarray(at, end))
        for (let message = reader.next(); message !== undefined; message = reader.next()) received.push(message)
        at = end
      }
      expect(received.map((message) => message.toString('hex'))).toEqual(
        sent.map((message) => Buffer.from(message).toString('hex')),
      )
      expect(reader.partial).toBe(false)
    }),
  )
})

test('a message over the limit is refused when its length is known, before its bytes come', () => {
  const reader = new MessageReader(10)
  reader.push(Buffer.from([0, 0, 0, 0, 11]))
  expect(() => reader.next()).toThrow('limit of 10')
})
