/** base-kv/range: one replicated range. Start with range.ts. */
export * from './command-batch.ts'
export * from './compaction.ts'
export * from './coprocessor.ts'
export type { Done } from './proposals.ts'
export * from './range-state.ts'
export * from './range.ts'
export * from './replica-change.ts'
export * from './snapshot-transfer.ts'
