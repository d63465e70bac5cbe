import { describe, expect, test } from '@jest/globals'
import { unreachableReplica } from '../src/index.ts'
import { Looking, Model, store } from './model.ts'

function lost(): { model: Model; looking: Looking<unknown> } {
  const model = new Model(3)
  model.addRanges(2, () => [1, 2, 3])
  model.lost.add('1/3')
  return { model, looking: new Looking(unreachableReplica, {}) as Looking<unknown> }
}

describe('unreachable replica balancer', () => {
  test('a member whose live store has no replica is taken out after a while', () => {
    const { model, looking } = lost()
    expect(looking.look(model)).toMatchObject({ moves: [], waitMs: 15_000 })
    model.nowMs += 15_000
    const [move] = looking.look(model).moves
    expect(move?.command).toMatchObject({ kind: 'changeReplicas', range: '1_1', voters: [store(1), store(2)] })
  })

  test('the landscape changing all the time does not put it off', () => {
    const { model, looking } = lost()
    for (let s = 0; s < 15; s++) {
      model.range(2).size++
      expect(looking.look(model).moves).toEqual([])
      model.nowMs += 1_000
    }
    expect(looking.look(model).moves).toHaveLength(1)
  })

  test('a store that is gone is not its business', () => {
    const { model, looking } = lost()
    model.kill(3)
    looking.look(model)
    model.nowMs += 60_000
    expect(looking.look(model).moves).toEqual([])
  })

  test('a replica that appears meanwhile begins anew', () => {
    const { model, looking } = lost()
    looking.look(model)
    model.nowMs += 14_000
    model.lost.clear()
    looking.look(model)
    model.lost.add('1/3')
    model.nowMs += 1_000
    expect(looking.look(model).moves).toEqual([])
  })
})
