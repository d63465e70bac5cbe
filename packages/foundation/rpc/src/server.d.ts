import type { RpcServer, RpcServerOptions } from './server-types.ts';
/** @throws KvError BadConfig: port taken, bad address, certificates that cannot be used */
export declare function startRpcServer(options: RpcServerOptions): Promise<RpcServer>;
