/** base-kv/store: all ranges of one store on one machine. Start with store.ts. */
export { wireRange, wireStore } from './raft-wire.ts'
export type { RangeChoice, RangePlace } from './choose-ranges.ts'
export type { Renewed } from './overruled.ts'
export * from './store.ts'
export * from './store-deps.ts'
export { sameMembers } from './merge-request.ts'
