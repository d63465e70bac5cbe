import { describe, expect, test } from '@jest/globals'
import { initialRules } from '@base-kv/runtime'
import { rangeSplit, rangeSplitRules } from '../src/index.ts'
import { Looking, Model } from './model.ts'

const hot = (changed: { ioDensity?: number; ioLatencyNanos?: number; keys?: number; at?: string | null } = {}) => ({
  type: 'kv_io_mutation' as const,
  load: {
    ioDensity: changed.ioDensity ?? 400,
    ioLatencyNanos: changed.ioLatencyNanos ?? 100,
    avgLatencyNanos: 40_000,
    reads: 0,
    writes: 100_000,
    bytes: 1_000_000,
    keys: changed.keys ?? 100,
  },
  splitKey: changed.at === null ? null : new TextEncoder().encode(changed.at ?? '000001x'),
})

function split(change: (model: Model) => unknown, rules: Record<string, number> = {}): unknown[] {
  const model = new Model(3)
  model.addRanges(3, () => [1, 2, 3])
  model.range(2).hints = [hot()]
  change(model)
  const looking = new Looking(rangeSplit, { ...initialRules(rangeSplitRules(16)), ...rules })
  return looking.look(model).moves.map(({ command }) => command)
}

describe('range split balancer', () => {
  test('a hot range is split where its load has its middle', () => {
    const [command] = split(() => {})
    expect(command).toMatchObject({ kind: 'split', range: '1_2', key: new TextEncoder().encode('000001x') })
  })

  const reasons: Record<string, (model: Model) => unknown> = {
    'density at the limit': (model) => (model.range(2).hints = [hot({ ioDensity: 100 })]),
    'a slow disk': (model) => (model.range(2).hints = [hot({ ioLatencyNanos: 30_000 })]),
    'a busy processor': (model) => ((model.stores.get(1) as { cpu: number }).cpu = 0.8),
    'no key to cut at': (model) => (model.range(2).hints = [hot({ at: null })]),
    'a key at the start': (model) => (model.range(2).hints = [hot({ at: '000001' })]),
    'a key at the end': (model) => (model.range(2).hints = [hot({ at: '000002' })]),
    'one hot key': (model) => (model.range(2).hints = [hot({ keys: 1 })]),
    'a dead member': (model) => model.kill(3),
    'no hint': (model) => (model.range(2).hints = []),
  }
  test.each(Object.keys(reasons))('not with %s', (reason) => {
    expect(split((model) => reasons[reason]?.(model))).toEqual([])
  })

  test('not when the store has as many ranges as it may have', () => {
    expect(split(() => {}, { maxRangesPerStore: 3 })).toEqual([])
  })

  test('what is too large is split only when a size is set', () => {
    const large = (model: Model) => {
      model.range(2).hints = [hot({ ioDensity: 1 })]
      model.range(2).size = 2_000_000
    }
    expect(split(large)).toEqual([])
    expect(split(large, { maxSizePerRange: 1_000_000 })).toHaveLength(1)
  })

  test('the store that it plans splits for counts them: it never gets more ranges than it may have', () => {
    const all = (model: Model) => {
      for (const [i, range] of model.ranges.entries()) range.hints = [hot({ at: `00000${i}x` })]
    }
    expect(split(all)).toHaveLength(3)
    expect(split(all, { maxRangesPerStore: 5 })).toHaveLength(2)
  })

  test('a machine of one core splits too', () => {
    const model = new Model(1)
    model.addRanges(1, () => [1])
    model.range(1).hints = [hot()]
    expect(new Looking(rangeSplit, initialRules(rangeSplitRules(16))).look(model).moves).toHaveLength(1)
  })
})
