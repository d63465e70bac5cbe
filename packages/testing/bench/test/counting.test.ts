import { afterAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callBody, changingBody, KEY_BYTES, keyAt, VALUE_BYTES } from '../src/call-body.ts'
import { latencies, parseSummary } from '../src/h2load.ts'
import { median, percentile, slope } from '../src/statistics.ts'

const folder = mkdtempSync(join(tmpdir(), 'base-kv-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const value = Buffer.alloc(VALUE_BYTES, 7)

describe('bodies', () => {
  test('a put is one gRPC frame with key and value as fields 1 and 2, at both systems', () => {
    const key = keyAt('m1', 3)
    expect(key).toHaveLength(KEY_BYTES)
    const body = callBody('ours', 'put', [key], value)
    const expected = Buffer.concat([Buffer.from([0, 0, 0, 1, 21, 0x0a, 16]), key, Buffer.from([0x12, 0x80, 2]), value])
    expect(body.equals(expected)).toBe(true)
    expect(callBody('etcd', 'put', [key], value).equals(body)).toBe(true)
  })

  test('a batch wraps each put, by each system its way', () => {
    const keys = [keyAt('m1', 0), keyAt('m1', 1)]
    const ours = callBody('ours', 'batch', keys, value)
    const etcd = callBody('etcd', 'batch', keys, value)
    expect([ours[5], ours[8], etcd[5], etcd[8]]).toEqual([0x0a, 0x0a, 0x12, 0x12])
    expect(ours).toHaveLength(etcd.length)
  })

  test('the file changes in place, keeps its length, and tells its keys', async () => {
    const path = join(folder, 'body')
    const body = changingBody(path, 'ours', 'put', { mark: 'm2', value })
    const first = readFileSync(path)
    while (body.keysSoFar().length < 5) await new Promise((resolve) => setTimeout(resolve, 1))
    body.stop()
    body.stop()
    const last = readFileSync(path)
    expect(last).toHaveLength(first.length)
    const keys = body.keysSoFar().map(String)
    expect(new Set(keys).size).toBe(keys.length)
    expect(last.subarray(7, 7 + KEY_BYTES).toString()).toBe(keys.at(-1))
  })
})

test("h2load's summary: what was answered, what broke, and how many bytes the answers had", () => {
  const printed = `finished in 2.00s, 8959.50 req/s, 660.11KB/s
requests: 17919 total, 17927 started, 17919 done, 17910 succeeded, 9 failed, 9 errored, 0 timeout
status codes: 17919 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.29MB (1351905) total, 35.02KB (35862) headers (space savings 94.73%), 578.85KB (592738) data
`
  expect(parseSummary(printed)).toEqual({ answered: 17_910, broken: 9, replyBytes: 592_738 })
  expect(() => parseSummary('could not connect')).toThrow(/could not connect/)
})

test('latencies come from the log, failed streams left out', () => {
  const lines = Array.from({ length: 100 }, (_, at) => `1700000000000000\t200\t${(at + 1) * 1_000}`)
  expect(latencies([...lines, '1700000000000000\t-1\t9999999', ''].join('\n'))).toEqual({ p50Ms: 50, p99Ms: 99 })
})

test('statistics', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(percentile([5], 0.99)).toBe(5)
  expect(percentile([], 0.5)).toBeNaN()
  expect(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBeCloseTo(2)
})
