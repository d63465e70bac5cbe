import type { Log } from '@base-kv/base';
import type { ServiceTable } from './service-table.ts';
import type { TlsOptions } from './tls-options.ts';
export interface RpcServerOptions {
    /** `host:port`; port 0 takes a free one. */
    readonly bind: string;
    /** Set: mutual TLS, callers without a certificate of `ca` are refused. */
    readonly tls?: TlsOptions;
    readonly services: readonly ServiceTable[];
    readonly log: Log;
    readonly limits?: Partial<RpcServerLimits>;
}
export interface RpcServerLimits {
    /** A request message, where its service table says nothing else. */
    readonly requestBytesMax: number;
    /** Calls at once on one connection. */
    readonly callsPerConnectionMax: number;
    readonly connectionsMax: number;
    /** A connection that does not answer a ping within this is closed. */
    readonly pingTimeoutMs: number;
}
export interface RpcServer {
    /** `host:port` that it really listens on. */
    readonly address: string;
    /** grpc.health.v1: "" is the whole node. A service not yet set is unknown to health checks. */
    setHealth(service: string, serving: boolean): void;
    /** Takes no new calls, lets running ones end within `graceMs`, then cuts them off. */
    close(graceMs: number): Promise<void>;
}
