/**
 * Brings both databases together at start: finishes or undoes what a crash cut in two, and finds replicas whose log and
 * data do not fit. What does not fit is damage; it goes on record before anybody hears of the replica.
 */
import type { RangeId } from '@base-kv/base'
import type { BufferedDataStore } from './data-store.ts'
import type { InstallingRecord } from './log-records.ts'
import { emptySnapshot, UNKNOWN_REPLICA } from './log-recovery.ts'
import type { GroupLogStore } from './log-store.ts'
import type { FoundRange } from './ports.ts'

export interface RecoveryInput {
  readonly log: GroupLogStore
  readonly data: BufferedDataStore
  readonly logRanges: readonly RangeId[]
  readonly installations: ReadonlyMap<RangeId, InstallingRecord>
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
  const ranges = new Set([...input.logRanges, ...installations.keys(), ...data.ranges, ...input.damaged.keys()])
  const found: FoundRange[] = []
  for (const range of [...ranges].sort()) {
    if (!log.has(range) && !data.has(range) && !input.damaged.has(range)) continue
    await markIfDamaged(input, range)
    found.push(describe(input, range))
  }
  return found
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

function describe({ log, data }: RecoveryInput, range: RangeId): FoundRange {
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
