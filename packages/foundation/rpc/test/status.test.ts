import { expect, test } from '@jest/globals'
import { errorCodes, KvError, type KvErrorCode } from '@base-kv/base'
import { kvErrorFromStatus, statusTrailers } from '../src/index.ts'

test('every code goes over the wire and comes back, with message and hint', () => {
  for (const code of Object.keys(errorCodes) as KvErrorCode[]) {
    const error = new KvError(code, 'Größe 100 %\n🙂', { hint: 'nächster Schritt' })
    const trailers = statusTrailers(error)
    expect(Number(trailers['grpc-status'])).toBe(errorCodes[code].grpc)
    for (const value of Object.values(trailers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
    expect(kvErrorFromStatus(trailers)).toMatchObject({ code, message: error.message, hint: error.hint })
  }
})

test('a status without our trailers never proves that nothing was applied, unless it cannot mean else', () => {
  for (const status of [1, 2, 4, 8, 10, 13, 14, 15]) {
    expect(kvErrorFromStatus({ 'grpc-status': String(status) })?.applied).toBe('unknown')
  }
  expect(kvErrorFromStatus({ 'grpc-status': '12' })?.code).toBe('Unimplemented')
  expect(kvErrorFromStatus({ 'grpc-status': '0' })).toBeUndefined()
  expect(kvErrorFromStatus({ 'grpc-status': '3', 'grpc-message': '%zz%4', 'base-kv-code': 'toString' })).toMatchObject({
    code: 'BadRequest',
  })
})

test('a long text is cut', () => {
  const trailers = statusTrailers(new KvError('TryLater', 'x'.repeat(100_000)))
  expect(trailers['grpc-message']!.length).toBeLessThan(2000)
})
