/** Which balancers there are, what they are called, and what holds when nobody configures anything. */
import { describe, expect, test } from '@jest/globals'
import { type BalancerFactory, FactoryRegistry, initialRules, problemsOf } from '@base-kv/runtime'
import { builtInFactories } from '../src/index.ts'

const registry = () => new FactoryRegistry(builtInFactories(2))
const name = (service: string, last: string) => `org.apache.bifromq.${service}.balance.${last}BalancerFactory`
const rulesOf = (service: string, short: string) => {
  const found = registry().find(service, short)
  if (!found.found) throw new Error(`no ${short}`)
  return initialRules(found.factory.specs)
}

describe('built-in balancers', () => {
  test.each([
    ['dist.worker', ['unreachable-replica', 'replica-count', 'range-leader']],
    ['inbox.store', ['unreachable-replica', 'replica-count', 'range-leader', 'range-split']],
    ['retain.store', ['unreachable-replica', 'replica-count', 'range-leader', 'range-split']],
    ['kv.store', ['unreachable-replica', 'replica-count', 'range-leader', 'range-split']],
  ])('of %s are on by default, and asked in this order', (service, wanted) => {
    const on = registry()
      .of(service)
      .filter(({ isEnabledByDefault }) => isEnabledByDefault)
    expect(on.map(({ shortName }) => shortName)).toEqual(wanted)
  })

  test.each([
    ['dist.worker', 3, -1],
    ['inbox.store', 3, 0],
    ['retain.store', 3, -1],
    ['kv.store', 3, 0],
  ])('keep in %s %d voters and %d learners', (service, votersPerRange, learnersPerRange) => {
    expect(rulesOf(service, 'replica-count')).toMatchObject({ votersPerRange, learnersPerRange })
  })

  test('have default rules that they allow themselves', () => {
    for (const { specs } of builtInFactories(2)) expect(problemsOf(specs, initialRules(specs))).toEqual([])
  })

  test.each([
    [1, 16],
    [4, 16],
    [16, 64],
  ])('split on %d cores up to %d ranges a store', (cores, wanted) => {
    const found = new FactoryRegistry(builtInFactories(cores)).find('kv.store', 'range-split')
    expect(found.found && initialRules(found.factory.specs).maxRangesPerStore).toBe(wanted)
  })

  test('are found by class name, short name and the name that the reference system has', () => {
    const split = name('dist.worker', 'RangeSplit')
    for (const typed of [split, 'range-split', name('dist.worker', 'DistWorkerSplit')]) {
      expect(registry().find('dist.worker', typed)).toMatchObject({ found: true, factory: { className: split } })
    }
  })

  test.each([
    ['range-leeder', 'RangeLeader'],
    ['RangeLeaderBalancerFactory', 'RangeLeader'],
    [name('kv.store', 'ReplicaCount'), 'ReplicaCnt'],
  ])('that are mistyped as %s are not found, and the nearest is named', (typed, meant) => {
    expect(registry().find('kv.store', typed)).toEqual({ found: false, meant: name('kv.store', meant) })
  })

  test('of another service, or always on, have no name here', () => {
    expect(registry().find('kv.store', name('dist.worker', 'DistWorkerSplit')).found).toBe(false)
    expect(registry().find('kv.store', 'unreachable-replica').found).toBe(false)
    expect(registry().find('kv.store', 'xyzzy')).toEqual({ found: false, meant: undefined })
  })

  test.each([
    ['class name', { className: name('kv.store', 'RangeSplit') }],
    ['alias', { aliases: [name('kv.store', 'RangeSplit')] }],
    ['short name', { shortName: 'range-split' }],
  ])('cannot be replaced by another of the same %s', (_what, names) => {
    const [some] = builtInFactories(2) as [BalancerFactory]
    const custom = {
      ...some,
      className: 'npm:mine#balancer',
      shortName: 'mine',
      isBuiltin: false,
      services: ['kv.store'],
    }
    const all = registry()
    all.add(custom)
    expect(all.find('kv.store', 'mine').found).toBe(true)
    const another = { ...custom, className: 'npm:yours#balancer', shortName: 'yours', ...names }
    expect(() => all.add(another)).toThrow(/two balancers are called/)
  })
})
