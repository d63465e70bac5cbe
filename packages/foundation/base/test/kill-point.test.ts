import { expect, test } from '@jest/globals'
import { armKillPoint, killPoint, killPoints } from '../src/kill-point.ts'

test('a kill point does nothing until armed, and then ends the process when it is reached for the wanted time', () => {
  for (const point of killPoints) killPoint(point)
  const die = () => {
    throw new Error('died')
  }
  for (const wrong of [
    '',
    'split',
    'split.apply:',
    'split.apply:0',
    'split.apply:-1',
    'split.apply:1:2',
    'split.apply:x',
  ]) {
    expect(() => armKillPoint(wrong, die)).toThrow(expect.objectContaining({ code: 'BadConfig' }))
  }
  expect(armKillPoint('split.apply:3', die)).toBe('split.apply')
  for (const point of killPoints) killPoint(point)
  for (const point of killPoints) killPoint(point)
  expect(() => killPoint('split.apply')).toThrow('died')
  expect(() => armKillPoint('split.logged', die)).toThrow('one kill point a process')
})
