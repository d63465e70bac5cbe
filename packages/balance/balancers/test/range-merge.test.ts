import { describe, expect, test } from '@jest/globals'
import type { SplitHint } from '@base-kv/landscape'
import { initialRules } from '@base-kv/runtime'
import { rangeMerge, rangeMergeRules } from '../src/index.ts'
import { Looking, Model } from './model.ts'

const load: SplitHint = {
  type: 'kv_io_mutation',
  load: { ioDensity: 1, ioLatencyNanos: 1, avgLatencyNanos: 1, reads: 0, writes: 1, bytes: 1, keys: 1 },
  splitKey: null,
}

/** After `minutes` of looking once a second-and-a-half minute, during which `each` may do something. */
function mergedAfter(minutes: number, each: (model: Model) => void = () => {}): string[] {
  const model = new Model(3)
  model.addRanges(4, () => [1, 2, 3])
  const looking = new Looking(rangeMerge, initialRules(rangeMergeRules))
  const merged: string[] = []
  for (let minute = 0; minute <= minutes; minute++) {
    each(model)
    for (const { command } of looking.look(model).moves) {
      if (command.kind === 'merge') merged.push(`${command.range}+${command.right.range}`)
    }
    model.nowMs += 60_000
  }
  return merged
}

describe('range merge balancer', () => {
  test('small neighbours that have been cold for ten minutes are merged in pairs', () => {
    expect(mergedAfter(9)).toEqual([])
    expect(mergedAfter(10)).toEqual(['1_1+1_2', '1_3+1_4'])
  })

  test('load, even now and then, keeps a range as it is', () => {
    let minute = 0
    const merged = mergedAfter(30, (model) => {
      model.range(2).hints = minute++ % 7 === 0 ? [load] : []
    })
    expect(merged).not.toContain('1_1+1_2')
    expect(merged).toContain('1_3+1_4')
  })

  test('what is large stays apart, and so does what nobody has measured yet', () => {
    const merged = mergedAfter(12, (model) => (model.range(1).size = 20_000_000))
    expect(merged).not.toContain('1_1+1_2')
    expect(merged).toContain('1_2+1_3')
  })

  test('nothing is merged while a member is gone', () => {
    expect(mergedAfter(12, (model) => void model.stores.delete(3))).toEqual([])
  })
})
