/** Everything bad, or merely rare, that a seed may draw. The names stand in the swarm, the trace and the coverage table. */
export const faults = [
  'loss',
  'delay',
  'duplicate',
  'replay',
  'reorder',
  'isolate',
  'halves',
  'oneWay',
  'bridge',
  'clog',
  'crash',
  'crashBetweenEffects',
  'crashMany',
  'lostWrites',
  'tornWrite',
  'diskError',
  'slowDisk',
  'hungDisk',
  'pause',
  'drift',
  'members',
  'transfer',
  'campaign',
  'stepDown',
  'unreachable',
  'compaction',
  'snapshotFailed',
  'snapshotDuplicated',
  'leaseReads',
  'hibernation',
] as const
export type Fault = (typeof faults)[number]

/** Situations that faults must lead to; a sweep that never got there proves little. */
export const situations = [
  'election',
  'jointEntered',
  'jointLeft',
  'learnerAdded',
  'voterRemoved',
  'storeReturned',
  'replicaDestroyed',
  'snapshotInstalled',
  'conflictTruncated',
  'transferDone',
  'readServed',
  'leaseReadServed',
  'writeAcknowledged',
  'outcomeUnknown',
  'asleep',
  'singleVoter',
  'sevenVoters',
  'crashedLeader',
  'crashedWhileJoint',
  'crashedWhileInstalling',
  'tornRecordDropped',
] as const
export type Situation = (typeof situations)[number]

/** How often each fault and situation came up. */
export class Coverage {
  readonly counts = new Map<Fault | Situation, number>()

  add(name: Fault | Situation, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count)
  }

  merge(other: ReadonlyMap<Fault | Situation, number>): void {
    for (const [name, count] of other) this.add(name, count)
  }

  /** What never happened. */
  get missing(): (Fault | Situation)[] {
    return [...faults, ...situations].filter((name) => !this.counts.get(name))
  }
}
