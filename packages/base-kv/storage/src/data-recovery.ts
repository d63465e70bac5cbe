/** Reads database `data` at start: the range records, and which slots have pairs. */
import { KvError, rangeIdFromBytes, type RangeId } from '@base-kv/base'
import { dataKeys } from './data-keys.ts'
import type { FoundData } from './data-store.ts'
import { pairs } from './log-recovery.ts'
import type { Engine } from './ports.ts'
import { openRange, type StoredRange } from './range-record.ts'
import { readNextSlot, slotsOnDisk } from './slots.ts'

export interface RecoveredData extends FoundData {
  readonly ranges: Map<RangeId, StoredRange>
  /** Range records that cannot be read. */
  readonly damaged: Map<RangeId, string>
}

/** @throws KvError BadConfig for a format newer than this build's */
export async function recoverData(engine: Engine): Promise<RecoveredData> {
  await using view = engine.readView()
  const ranges = new Map<RangeId, StoredRange>()
  const damaged = new Map<RangeId, string>()
  for await (const [key, value] of pairs(view, dataKeys.ranges)) {
    const range = rangeIdFromBytes(key, 1)
    try {
      ranges.set(range, openRange(range, value))
    } catch (thrown) {
      if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
      damaged.set(range, thrown.message)
    }
  }
  // Pairs of a range whose record is unreadable would look unused; they are kept for whoever looks into the damage.
  const slots = damaged.size > 0 ? [] : await slotsOnDisk(view)
  const referenced = [...ranges.values()].flatMap(({ segments, localSlot }) => [
    localSlot,
    ...segments.map((segment) => segment.slot),
  ])
  const nextSlot = Math.max(readNextSlot(engine), ...referenced.map((slot) => slot + 1))
  return { ranges, damaged, nextSlot, slots }
}
