/** base-kv/landscape: the pure picture of the cluster. */
export * from './claims.ts'
export * from './commands.ts'
export * from './descriptors.ts'
export * from './effective-route.ts'
export * from './landscape.ts'
export * from './split-hint.ts'
