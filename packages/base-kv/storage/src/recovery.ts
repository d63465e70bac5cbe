/**
 * Brings both databases together at start: finishes or undoes what a crash cut in two, and finds replicas whose log and
 * data do not fit. What does not fit is damage; it goes on record before anybody hears of the replica.
 */
import type { RangeId, ReplicaId } from '@base-kv/base'
import { generationOf } from '@base-kv/raft'
import type { BufferedDataStore } from './data-store.ts'
import { emptySnapshot, type InstallingRecord } from './log-records.ts'
import { UNKNOWN_REPLICA } from './log-recovery.ts'
import type { GroupLogStore } from './log-store.ts'
import type { FoundRange } from './ports.ts'

export interface RecoveryInput {
  readonly log: GroupLogStore
  readonly data: BufferedDataStore
  readonly logRanges: readonly RangeId[]
  readonly installations: ReadonlyMap<RangeId, InstallingRecord>
  readonly halves: ReadonlySet<RangeId>
  readonly absorbed: ReadonlyMap<RangeId, ReplicaId>
  /** Per range, from reading either database. */
  readonly damaged: ReadonlyMap<RangeId, string>
  /** Flaws that cannot be put down to a range: every replica of this store is damaged. */
  readonly storeDamage: readonly string[]
}

export async function reconcile(input: RecoveryInput): Promise<readonly FoundRange[]> {
  const { log, data, installations } = input
  for (const [range, installing] of installations) {
    const swapped = data.stored(range)?.segments[0]?.slot === installing.slot
    await (swapped ? log.finishInstall(range, installing) : log.undoInstall(range))
  }
  for (const range of data.ranges) {
    const destroyed = log.tombstone(range)
    const stored = data.stored(range)
    if (stored !== undefined && destroyed !== undefined && stored.replica <= destroyed) await data.destroy(range)
  }
  finishRenewals(input)
  await finishMerges(input)
  await settleHalves(input)
  const ranges = new Set([...input.logRanges, ...installations.keys(), ...data.ranges, ...input.damaged.keys()])
  const found: FoundRange[] = []
  for (const range of [...ranges].sort()) {
    const isDamaged = input.damaged.has(range) && !input.absorbed.has(range)
    if (!log.has(range) && !data.has(range) && !isDamaged) continue
    await markIfDamaged(input, range)
    found.push(describeReplica(log, data, range))
  }
  return found
}

/** A replica that was recovered got a new id in its log first, its data goes on under it. */
function finishRenewals({ log, data, damaged }: RecoveryInput): void {
  for (const range of data.ranges) {
    if (!log.has(range) || damaged.has(range)) continue
    const { replica } = log.log(range)
    const stored = data.stored(range)
    if (stored !== undefined && generationOf(stored.replica) < generationOf(replica)) data.adopt(range, replica)
  }
}

/** Another range has the keys of these: what is left of them goes. */
async function finishMerges({ log, data, absorbed }: RecoveryInput): Promise<void> {
  for (const [range, replica] of absorbed) {
    const isNewer = log.has(range) && log.log(range).replica > replica
    if (!isNewer) await log.destroyReplica(range, replica)
    await data.forgetAbsorbed(range)
  }
}

/** A right half is there with its data, or the left range comes to the split once more. Where something is damaged it stays as it is. */
async function settleHalves({ log, data, halves, damaged, storeDamage }: RecoveryInput): Promise<void> {
  for (const range of halves) {
    if (!log.has(range) || damaged.has(range) || storeDamage.length > 0) continue
    if (data.has(range)) log.finishHalf(range)
    else await log.undoHalf(range)
  }
}

async function markIfDamaged(input: RecoveryInput, range: RangeId): Promise<void> {
  const { log, data } = input
  const stored = data.stored(range)
  const reasons = [input.damaged.get(range), ...input.storeDamage, misfit(input, range)].filter(
    (reason) => reason !== undefined,
  )
  if (reasons.length === 0) return
  const reason = reasons.join('; ')
  if (log.has(range)) {
    await log.markDamaged(range, reason)
    return
  }
  const point = stored === undefined ? emptySnapshot : { ...emptySnapshot, ...stored.record.applied }
  await log.addDamaged(range, stored?.replica ?? UNKNOWN_REPLICA, point, reason)
}

/** Where log and data contradict each other. */
function misfit({ log, data }: RecoveryInput, range: RangeId): string | undefined {
  const stored = data.stored(range)
  if (!log.has(range)) return 'term, vote and log are missing beside the data'
  const { snapshot, last, replica } = log.log(range)
  if (stored === undefined)
    return snapshot.index > 0 ? `the log begins behind ${snapshot.index}, but there is no data` : undefined
  const { index, term } = stored.record.applied
  if (stored.replica !== replica) return `the data is of replica ${stored.replica}, the log of ${replica}`
  if (index < snapshot.index) return `the log begins behind ${snapshot.index}, the data ends at ${index}`
  if (index > last) return `the data is applied up to ${index}, the log ends at ${last}`
  const logTerm = index === snapshot.index ? snapshot.term : log.log(range).term(index)
  return logTerm === term ? undefined : `entry ${index} was applied in term ${term} and has term ${logTerm}`
}

export function describeReplica(log: GroupLogStore, data: BufferedDataStore, range: RangeId): FoundRange {
  const { replica, damage, hardState, snapshot } = log.log(range)
  return {
    range,
    replica,
    state: damage === '' ? 'ok' : 'damaged',
    reason: damage,
    hardState,
    snapshot,
    lastIndex: log.lastIndex(range),
    data: data.stored(range)?.record ?? null,
  }
}
