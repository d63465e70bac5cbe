/** base-kv/landscape: the pure picture of the cluster. */
export * from './claims.ts'
export * from './descriptors.ts'
export * from './split-hint.ts'
