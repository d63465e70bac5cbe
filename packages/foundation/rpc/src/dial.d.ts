import * as http2 from 'node:http2';
import type { TlsOptions } from './tls-options.ts';
export interface DialOptions {
    readonly tls: TlsOptions | undefined;
    readonly timeoutMs: number;
    readonly windowBytes: number;
}
export interface Dialling {
    /** Rejects with a KvError: Unreachable or Unauthenticated. */
    readonly session: Promise<http2.ClientHttp2Session>;
    abort(): void;
}
export declare function dial(address: string, { tls, timeoutMs, windowBytes }: DialOptions): Dialling;
