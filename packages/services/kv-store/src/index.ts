/** services/kv-store: plain keys and values on base-kv. */
export * from './kv-commands.ts'
export * from './kv-coprocessor.ts'
export * from './kv-service.ts'
