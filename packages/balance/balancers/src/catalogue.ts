/** The balancers that come along, per service: their names, default rules, and which are on unless configured otherwise. */
import type { BalancerFactory } from '@base-kv/runtime'
import { rangeLeader } from './range-leader.ts'
import { rangeMerge, rangeMergeRules } from './range-merge.ts'
import { rangeSplit, rangeSplitRules } from './range-split.ts'
import { replicaCount, type ReplicaCountDefaults, replicaCountRules } from './replica-count.ts'
import { unreachableReplica } from './unreachable-replica.ts'

interface ServiceDefaults {
  readonly replicas: ReplicaCountDefaults
  /** dist.worker's ranges answer from every node, so cutting them is for an operator to choose. */
  readonly isSplitOn: boolean
  readonly splitAliases: readonly string[]
}

const services: Readonly<Record<string, ServiceDefaults>> = {
  'dist.worker': {
    replicas: { votersPerRange: 3, learnersPerRange: -1 },
    isSplitOn: false,
    splitAliases: ['org.apache.bifromq.dist.worker.balance.DistWorkerSplitBalancerFactory'],
  },
  'inbox.store': { replicas: { votersPerRange: 3, learnersPerRange: 0 }, isSplitOn: true, splitAliases: [] },
  'retain.store': { replicas: { votersPerRange: 3, learnersPerRange: -1 }, isSplitOn: true, splitAliases: [] },
  'kv.store': { replicas: { votersPerRange: 3, learnersPerRange: 0 }, isSplitOn: true, splitAliases: [] },
}

/** @param cores of this machine */
export const builtInFactories = (cores: number): BalancerFactory[] => [
  unreachable,
  ...Object.entries(services).flatMap(([service, defaults]) => factoriesOf(service, defaults, cores)),
]

const unreachable: BalancerFactory = {
  className: 'org.apache.bifromq.basekv.balance.UnreachableReplicaRemovalBalancerFactory',
  aliases: [],
  shortName: 'unreachable-replica',
  services: null,
  step: 'repair',
  specs: [],
  isBuiltin: true,
  isEnabledByDefault: true,
  make: () => unreachableReplica,
}

function factoriesOf(service: string, defaults: ServiceDefaults, cores: number): BalancerFactory[] {
  const common = { services: [service], aliases: [], isBuiltin: false, isEnabledByDefault: true }
  const className = (name: string) => `org.apache.bifromq.${service}.balance.${name}`
  return [
    {
      ...common,
      className: className('ReplicaCntBalancerFactory'),
      shortName: 'replica-count',
      step: 'replicas',
      specs: replicaCountRules(defaults.replicas),
      make: () => replicaCount,
    },
    {
      ...common,
      className: className('RangeLeaderBalancerFactory'),
      shortName: 'range-leader',
      step: 'leaders',
      specs: [],
      make: () => rangeLeader,
    },
    {
      ...common,
      className: className('RangeSplitBalancerFactory'),
      aliases: defaults.splitAliases,
      shortName: 'range-split',
      step: 'split',
      specs: rangeSplitRules(rangesPerStoreMax(cores)),
      isEnabledByDefault: defaults.isSplitOn,
      make: () => rangeSplit,
    },
    {
      ...common,
      className: className('RangeMergeBalancerFactory'),
      shortName: 'range-merge',
      step: 'merge',
      specs: rangeMergeRules,
      isEnabledByDefault: false,
      make: () => rangeMerge,
    },
  ]
}

/** Small machines split too. */
const rangesPerStoreMax = (cores: number): number => Math.max(16, 4 * cores)
