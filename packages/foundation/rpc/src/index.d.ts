/** foundation/rpc: the gRPC transport. Bytes in, bytes out; messages belong to the callers. */
export * from './address.ts';
export type * from './channel-types.ts';
export { openChannel } from './channel.ts';
export { memoryNetwork, type MemoryNetwork } from './memory-network.ts';
export { openPeerLink } from './peer-link.ts';
export { peerService, type PeerServiceOptions } from './peer-service.ts';
export type * from './peer-types.ts';
export type * from './server-types.ts';
export { startRpcServer } from './server.ts';
export type * from './service-table.ts';
export { kvErrorFromStatus, statusTrailers } from './status.ts';
export * from './tls-options.ts';
