import { describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import { parseOptions } from '../src/options.ts'

describe('the command line', () => {
  test('without options: both sides, everything but memory', () => {
    expect(parseOptions([])).toEqual({
      sides: ['ours', 'etcd'],
      suites: ['rest', 'put', 'get', 'batch', 'client'],
      seconds: 4,
      rounds: 3,
      output: 'bench/latest.json',
      ranges: 1000,
      parts: ['reshape', 'idle', 'spread'],
    })
  })

  test('every option', () => {
    const args = [
      '--only',
      'ours',
      '--suite',
      'put',
      '--suite=client',
      '--seconds',
      '2',
      '--rounds',
      '1',
      '--output',
      'x.json',
    ]
    expect(parseOptions(args)).toEqual({
      sides: ['ours'],
      suites: ['put', 'client'],
      seconds: 2,
      rounds: 1,
      output: 'x.json',
      ranges: 1000,
      parts: ['reshape', 'idle', 'spread'],
    })
    expect(parseOptions(['--suite', 'ranges', '--ranges', '10', '--part', 'idle'])).toMatchObject({
      parts: ['idle'],
      sides: ['ours'],
      output: 'bench/ranges.json',
      ranges: 10,
    })
    expect(parseOptions(['--suite', 'snapshot'])).toMatchObject({ output: 'bench/snapshot.json' })
    expect(parseOptions(['--suite', 'put'])).toMatchObject({ output: 'bench/latest.json' })
    expect(parseOptions(['-h'])).toBe('help')
  })

  test.each<[string[], RegExp]>([
    [['--suite', 'gossip'], /--suite gossip does not exist yet/],
    [['--suite', 'putt'], /--suite is "putt"; allowed: put, get, batch, client, rest, memory, ranges/],
    [['--suite', 'ranges', '--suite', 'put'], /ranges runs alone/],
    [['--only', 'mine'], /--only is "mine"; allowed: ours, etcd/],
    [['--seconds', '0'], /--seconds is "0"; allowed: 1 to 3600/],
    [['--rounds', '1.5'], /--rounds is "1.5"/],
    [['--sweet'], /--sweet/],
    [['put'], /put/],
  ])('%j is refused', (args, message) => {
    let refusal: unknown
    try {
      parseOptions(args)
    } catch (thrown) {
      refusal = thrown
    }
    expect(refusal).toBeInstanceOf(KvError)
    expect(refusal).toMatchObject({ code: 'BadRequest', message: expect.stringMatching(message) })
  })
})
