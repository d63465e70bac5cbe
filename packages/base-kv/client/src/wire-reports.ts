import type { v1 } from '@base-kv/protocol'
import { ownBytes } from './request.ts'
import type { RangeReport } from './route-table.ts'

/** What a store's descriptor says of its ranges; what it holds no more is left out. */
export function reportsOf(store: v1.StoreDescriptor.$Properties): RangeReport[] {
  return (store.ranges ?? [])
    .filter(({ state }) => state !== 'Removed' && state !== 'ToBePurged')
    .map((range) => ({
      rangeId: range.id ?? '',
      boundary: { start: ownKey(range.startKey), end: ownKey(range.endKey) },
      epochConfirmed: store.epochConfirmed ?? false,
      verHigh: range.verHigh ?? 0,
      verLow: range.verLow ?? 0,
      term: Number(range.term ?? 0),
      leader: range.leader ?? '',
      position: range.requestPosition ?? 0,
    }))
}

const ownKey = (key: Uint8Array | null | undefined): Uint8Array | null =>
  key === undefined || key === null ? null : ownBytes(key)
