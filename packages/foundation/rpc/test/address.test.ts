import { expect, test } from '@jest/globals'
import { formatAddress, isLoopback, parseAddress } from '../src/index.ts'

test('addresses read and written', () => {
  expect(parseAddress('127.0.0.1:7701')).toEqual({ host: '127.0.0.1', port: 7701 })
  expect(parseAddress('node-1.example:80')).toEqual({ host: 'node-1.example', port: 80 })
  expect(parseAddress('[::1]:7701')).toEqual({ host: '::1', port: 7701 })
  for (const text of ['127.0.0.1:7701', '[fe80::1]:1', 'a:65535']) expect(formatAddress(parseAddress(text))).toBe(text)
})

test('what is no address is a configuration error with a hint', () => {
  for (const text of ['', '7701', 'host', 'host:', 'host:70000', ':7701', '::1:7701', 'http://a:1', 'a b:1']) {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'BadConfig', hint: expect.any(String) }))
  }
})

test('loopback', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true)
  expect(['0.0.0.0', '::', '10.0.0.1', 'node-1', '128.0.0.1'].some(isLoopback)).toBe(false)
})
