import { describe, expect, test } from '@jest/globals'
import type { Measurement } from '../src/measure.ts'
import { clientFigures, pointFigures, restFigures } from '../src/results.ts'
import { type Point, points } from '../src/suites.ts'

const measured = (perSecond: number, p50Ms = 1): Measurement => ({
  perSecond,
  p50Ms,
  p99Ms: 2 * p50Ms,
  leaderMicroseconds: 10,
  peakRssBytes: 1,
  acknowledged: 1,
  refused: 0,
  readBack: 1,
  leaderMoved: false,
  foreignCpuShare: 0,
})
const named = (name: string) => points.find((point) => point.name === name) as Point

describe('figures', () => {
  test('medians decide, not the best round', () => {
    const figures = pointFigures(named('put 64'), {
      ours: [measured(100), measured(300), measured(120)],
      etcd: [measured(100), measured(90), measured(110)],
    })
    expect(figures.throughputRatio).toBeCloseTo(1.2)
    expect(figures.verdict).toEqual({ target: '>= 1.15 x', reached: true })
  })

  test('a missed aim says whether the floor was kept', () => {
    const at = (ours: number) =>
      pointFigures(named('put 64'), { ours: [measured(ours)], etcd: [measured(100)] }).verdict
    expect(at(105)).toEqual({ target: '>= 1.15 x; floor 1: kept', reached: false })
    expect(at(95)).toEqual({ target: '>= 1.15 x; floor 1: missed', reached: false })
  })

  test('one in flight is about latency; without etcd there is no verdict', () => {
    const one = named('put 1')
    expect(pointFigures(one, { ours: [measured(1, 1.3)], etcd: [measured(1, 1)] }).verdict).toEqual({
      target: 'p50 <= 1.2 x',
      reached: false,
    })
    expect(pointFigures(one, { ours: [measured(1)], etcd: [] }).verdict).toBeNull()
  })

  test('client-put: the lesser of 60,000 and twice the unary figure', () => {
    const round = { ...measured(30_000), clientCpuShare: 1, clientMicroseconds: 1 }
    expect(clientFigures([round], 14_000).verdict).toEqual({ target: '>= 28000 a second', reached: true })
    expect(clientFigures([round], undefined).verdict).toEqual({ target: '>= 60000 a second', reached: false })
  })

  test('at rest only our own nodes are judged', () => {
    const rows = [
      { node: 'n1', cpuShare: 0.01, rssBytes: 100e6 },
      { node: 'etcd1', cpuShare: 0.5, rssBytes: 900e6 },
    ]
    expect(restFigures(rows).verdict.reached).toBe(true)
  })
})
