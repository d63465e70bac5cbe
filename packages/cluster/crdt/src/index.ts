/** cluster/crdt: maps that every node holds, and how they become equal. Start with replicator.ts. */
export { type Entry, OwnedMap, type Part } from './owned-map.ts'
export { OwnedMaps } from './owned-maps.ts'
export { type Register, Registers } from './registers.ts'
export {
  type Change,
  defaultReplicatorOptions,
  Replicator,
  type ReplicatorCounts,
  type ReplicatorOptions,
  type ReplicatorOutput,
} from './replicator.ts'
export { KEY_LENGTH_MAX, MESSAGE_BYTES_MAX, VALUE_BYTES_MAX } from './wire.ts'
