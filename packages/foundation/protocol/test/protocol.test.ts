import { expect, test } from '@jest/globals'
import { v1 } from '@base-kv/protocol'

test('64-bit fields are numbers, exact up to 2^53', () => {
  const bytes = v1.RaftMessage.encode({ term: 2 ** 53 - 1, index: 4294967296, type: 5 }).finish()
  const back = v1.RaftMessage.decode(bytes)
  expect(back.term).toBe(2 ** 53 - 1)
  expect(back.index).toBe(4294967296)
})

test('a raw pipeline request reads the bytes of a typed one', () => {
  const put = { key: Buffer.from('k'), value: Buffer.from('v') }
  const bytes = v1.PipelineRequest.encode({ ops: [{ id: 7, put }] }).finish()
  const raw = v1.RawPipelineRequest.decode(bytes)
  expect(raw.ops?.[0]?.id).toBe(7)
  expect(v1.PutRequest.decode(raw.ops?.[0]?.put as Uint8Array).value.toString()).toBe('v')
})

test('a 64-bit field that was not sent is the number 0', () => {
  const back = v1.RaftMessage.decode(v1.RaftMessage.encode({ type: 5 }).finish())
  expect([back.term, back.index, back.round]).toEqual([0, 0, 0])
})
