/** What a configuration file makes of a service's balancers. */
import { describe, expect, test } from '@jest/globals'
import { configure, FactoryRegistry, type NamedBalancers } from '@base-kv/runtime'
import { builtInFactories } from '../src/index.ts'

const configured = (service: string, named: NamedBalancers | null) =>
  configure(new FactoryRegistry(builtInFactories(2)), service, named)
const on = (service: string, named: NamedBalancers | null) =>
  configured(service, named)
    .balancers.filter(({ isDisabled }) => !isDisabled)
    .map(({ factory }) => factory.shortName)
const name = (last: string) => `org.apache.bifromq.dist.worker.balance.${last}BalancerFactory`

describe('the balancers of a service', () => {
  test('are the default ones when the file says nothing', () => {
    expect(on('kv.store', null)).toEqual(['unreachable-replica', 'replica-count', 'range-leader', 'range-split'])
  })

  test('are those that the file names; the others can be enabled later, and what is always on stays so', () => {
    expect(on('dist.worker', { [name('RangeLeader')]: {} })).toEqual(['unreachable-replica', 'range-leader'])
    expect(on('dist.worker', {})).toEqual(['unreachable-replica'])
    expect(configured('dist.worker', {}).balancers).toHaveLength(5)
  })

  test('take the reference system’s names of balancers and rules', () => {
    const { balancers, problems } = configured('dist.worker', {
      [name('DistWorkerSplit')]: { maxCPUUsage: 0.5, maxIODensity: 50, ioNanosLimitPerRange: 100 },
    })
    expect(problems).toEqual([])
    const split = balancers.find(({ factory }) => factory.shortName === 'range-split')
    expect(split).toMatchObject({
      isDisabled: false,
      rules: { maxCpuUsagePerRange: 0.5, maxIODensityPerRange: 50, ioNanosLimitPerRange: 100 },
    })
  })

  test('say everything that is wrong', () => {
    const replicas = name('ReplicaCnt')
    const given = { votersPerRange: 2, learners: 1 }
    const split = { maxCPUUsage: 0.5, maxCpuUsagePerRange: 0.6 }
    const { problems } = configured('dist.worker', {
      [name('RangeLeeder')]: {},
      [replicas]: given,
      'range-leader': {},
      [name('RangeLeader')]: {},
      'range-split': split,
    })
    expect(problems).toMatchObject([
      { kind: 'unknown', meant: name('RangeLeader') },
      { kind: 'rule', name: replicas, problem: { key: 'votersPerRange', given: '2' } },
      { kind: 'rule', name: replicas, problem: { key: 'learners' } },
      { kind: 'twice', className: name('RangeLeader') },
      { kind: 'rule', name: 'range-split', problem: { allowed: 'either maxCPUUsage or maxCpuUsagePerRange' } },
    ])
  })
})
