/** foundation/rpc: the gRPC transport. Bytes in, bytes out; messages belong to the callers. */
export * from './address.ts'
export type * from './channel-types.ts'
export type * from './peer-types.ts'
export type * from './server-types.ts'
export type * from './service-table.ts'
export * from './tls-options.ts'
