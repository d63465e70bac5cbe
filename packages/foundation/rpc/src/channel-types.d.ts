import type { KvError, Log } from '@base-kv/base';
import type { TlsOptions } from './tls-options.ts';
export interface ChannelOptions {
    readonly tls?: TlsOptions;
    readonly log?: Log;
    /** A channel on which something was tried and nothing succeeded for this long gets a new connection; default 2,000. */
    readonly stuckMs?: number;
    /** Largest message taken; default `limits.raftFrameBytesMax`. */
    readonly replyBytesMax?: number;
    /** HTTP/2 window: how much a peer may send ahead. Default 1 MiB; bulk connections use 4 MiB. */
    readonly windowBytes?: number;
}
export interface CallOptions {
    /** Milliseconds from now; without it a call waits until the connection breaks or the watchdog gives it up. */
    readonly deadlineMs?: number;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
}
/**
 * One HTTP/2 connection to one address, dialled when first used and again after it broke.
 *
 * Every failure is a KvError whose `applied` can be trusted: `Unreachable` (and whatever code the server itself sent) is
 * "no" only if no byte of the request can have reached the server; a request that may have left fails `OutcomeUnknown`,
 * `DeadlineExceeded` or `Cancelled`. Nothing is ever sent twice.
 */
export interface RpcChannel {
    readonly address: string;
    unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Buffer>;
    /** Reads with back-pressure; leaving the loop cancels the call. */
    serverStream(path: string, request: Uint8Array, options?: CallOptions): AsyncIterable<Buffer>;
    bidi(path: string, events: BidiEvents, options?: CallOptions): ClientBidi;
    /** Breaks what is under way. */
    close(): void;
}
export interface BidiEvents {
    onMessage(reply: Buffer): void;
    /** The server accepted the call: its first headers came. */
    onOpen?(): void;
    /** There is room again after `write` said false. */
    onDrain?(): void;
    /** Once, at the end: undefined when the server ended the call with OK. */
    onEnd(error: KvError | undefined): void;
}
export interface ClientBidi {
    /** Bytes handed to `write` that have not left for the socket yet. */
    readonly queuedBytes: number;
    /** Always takes the bytes; false says: enough, wait for `onDrain`. The caller bounds what it writes by `queuedBytes`. */
    write(request: Uint8Array): boolean;
    /** Says that nothing more will come. */
    end(): void;
    cancel(): void;
    pause(): void;
    resume(): void;
}
