/** base-kv/storage: engines, the log store of all ranges, the data store, and what ties them together. */
export type * from './ports.ts'
export { ballastIn } from './disk-space.ts'
export { openLevelEngine, type LevelEngineOptions } from './level-engine.ts'
export { MemoryDisk, memoryEngine } from './memory-engine.ts'
export { openMemoryStorage, openStorage, openStorageOver, type MemoryDisks } from './storage.ts'
export { emptySnapshot } from './log-records.ts'
