/** base-kv/landscape: the pure picture of the cluster. */
export * from './descriptors.ts'
