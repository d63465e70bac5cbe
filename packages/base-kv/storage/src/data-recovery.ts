/** Reads database `data` at start: the range records, and which slots have pairs. */
import { KvError, rangeIdFromBytes, type RangeId, type ReplicaId } from '@base-kv/base'
import { dataKeys } from './data-keys.ts'
import type { FoundData } from './data-store.ts'
import { pairs } from './log-recovery.ts'
import type { Engine, IterateOptions } from './ports.ts'
import { openAbsorbed, openRange, type StoredRange } from './range-record.ts'
import { readNextSlot, slotsOnDisk } from './slots.ts'

export interface RecoveredData extends FoundData {
  readonly ranges: Map<RangeId, StoredRange>
  /** Replicas whose keys another range took over, their logs perhaps still there. */
  readonly absorbed: Map<RangeId, ReplicaId>
  /** Range records that cannot be read. */
  readonly damaged: Map<RangeId, string>
}

/** @throws KvError BadConfig for a format newer than this build's */
export async function recoverData(engine: Engine): Promise<RecoveredData> {
  await using view = engine.readView()
  const ranges = new Map<RangeId, StoredRange>()
  const absorbed = new Map<RangeId, ReplicaId>()
  const damaged = new Map<RangeId, string>()
  const readAll = async <T>(
    bounds: IterateOptions,
    into: Map<RangeId, T>,
    read: (range: RangeId, value: Uint8Array) => T,
  ) => {
    for await (const [key, value] of pairs(view, bounds)) {
      const range = rangeIdFromBytes(key, 1)
      try {
        into.set(range, read(range, value))
      } catch (thrown) {
        if (!(thrown instanceof KvError) || thrown.code !== 'Corrupt') throw thrown
        damaged.set(range, thrown.message)
      }
    }
  }
  await readAll(dataKeys.ranges, ranges, openRange)
  await readAll(dataKeys.allAbsorbed, absorbed, openAbsorbed)
  // Pairs of a range whose record is unreadable would look unused; they are kept for whoever looks into the damage.
  const slots = damaged.size > 0 ? [] : await slotsOnDisk(view)
  const referenced = [...ranges.values()].flatMap(({ segments, localSlot }) => [
    localSlot,
    ...segments.map((segment) => segment.slot),
  ])
  const nextSlot = Math.max(readNextSlot(engine), ...referenced.map((slot) => slot + 1))
  return { ranges, absorbed, damaged, nextSlot, slots }
}
