/** base-kv/server: what a node offers to others over its stores. Start with gateway.ts. */
export * from './answers.ts'
export * from './bootstrap.ts'
export { describeStores } from './describe-store.ts'
export * from './gateway.ts'
export * from './node-peers.ts'
export { FORWARD_PATH, forwardHandler } from './operation-stream.ts'
export * from './store-service.ts'
