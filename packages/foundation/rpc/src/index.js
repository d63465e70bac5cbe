/** foundation/rpc: the gRPC transport. Bytes in, bytes out; messages belong to the callers. */
export * from './address.js';
export { openChannel } from './channel.js';
export { memoryNetwork } from './memory-network.js';
export { openPeerLink } from './peer-link.js';
export { peerService } from './peer-service.js';
export { startRpcServer } from './server.js';
export { kvErrorFromStatus, statusTrailers } from './status.js';
export * from './tls-options.js';
//# sourceMappingURL=index.js.map