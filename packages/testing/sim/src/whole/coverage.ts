/** Everything bad, or merely rare, that a seed of whole stores may draw, and what it should lead to. */
export const storeFaults = [
  'loss',
  'delay',
  'duplicate',
  'replay',
  'reorder',
  'isolate',
  'halves',
  'oneWay',
  'connectionReset',
  'crash',
  'crashAtEffect',
  'crashAll',
  'restart',
  'wipe',
  'diskError',
  'slowDisk',
  'hungDisk',
  'pause',
  'drift',
  'wallJump',
  'requestLost',
  'replyLost',
  'split',
  'merge',
  'move',
  'transfer',
] as const
export type StoreFault = (typeof storeFaults)[number]

const storeSituations = [
  'election',
  'splitDone',
  'mergeDone',
  'mergeCancelled',
  'moveDone',
  'snapshotPulled',
  'snapshotBroken',
  'replicaRemoved',
  'replicaCreated',
  'storeReplaced',
  'acknowledged',
  'readServed',
  'probeAnswered',
  'probedTwice',
  'unknownRetried',
  'unknownInTheEnd',
  'keyRetired',
  'crashedWhileOpening',
  'poisoned',
  'forwarded',
] as const
export type StoreSituation = (typeof storeSituations)[number]

export class StoreCoverage {
  readonly counts = new Map<StoreFault | StoreSituation, number>()

  add(name: StoreFault | StoreSituation, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count)
  }

  merge(other: ReadonlyMap<StoreFault | StoreSituation, number>): void {
    for (const [name, count] of other) this.add(name, count)
  }

  get missing(): (StoreFault | StoreSituation)[] {
    return [...storeFaults, ...storeSituations].filter((name) => !this.counts.get(name))
  }
}
