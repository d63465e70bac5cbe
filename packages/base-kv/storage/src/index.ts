/** base-kv/storage: engines, the log store of all ranges, the data store, and what ties them together. */
export type * from './ports.ts'
