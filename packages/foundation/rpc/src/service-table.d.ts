/**
 * What a server offers: plain tables from method path ("/basekv.v1.KV/Put") to handler. Requests and replies are the
 * encoded messages as they stand on the wire; whoever needs them decoded does it, and a node that only passes a request
 * on never does.
 */
import type { KvError } from '@base-kv/base';
/** One call as its handler sees it. */
export interface CallContext {
    readonly path: string;
    /** Where the caller sits, `host:port`. */
    readonly peer: string;
    /** The caller has gone, or its deadline has passed: nobody will read the reply. */
    readonly cancelled: boolean;
    /** Milliseconds until the caller's deadline; Infinity without one. */
    remainingMs(): number;
    /** One metadata value (lower-case name); of several the first. */
    get(name: string): string | undefined;
    /** The metadata `store_name`, else "kv.store". */
    storeName(): string;
    /** Calls `run` once when the call becomes cancelled; never after the reply was sent. */
    onCancel(run: () => void): void;
}
/** To be called exactly once; later calls are ignored. A reply after cancellation is dropped. */
export type UnaryReply = (error: KvError | null, response?: Uint8Array) => void;
/** `request` belongs to the handler: nobody writes into it later. What is thrown is answered as an error. */
export type UnaryHandler = (request: Buffer, call: CallContext, reply: UnaryReply) => void;
/** Where a streaming handler writes. After `end`, `fail` or cancellation everything is ignored. */
export interface ReplyStream {
    /** @returns false when the caller reads slower than this: wait for `drained` before writing more. */
    write(response: Uint8Array): boolean;
    /** Resolves when there is room again, and also when the call was cancelled (look at `call.cancelled`). */
    drained(): Promise<void>;
    end(): void;
    fail(error: KvError): void;
}
export type ServerStreamHandler = (request: Buffer, call: CallContext, stream: ReplyStream) => void | Promise<void>;
export interface BidiStream extends ReplyStream {
    /** To be set before the handler returns. One message after another; `pause` stops them, the caller is held back. */
    onMessage: (request: Buffer) => void;
    /** The caller has said everything. */
    onEnd: () => void;
    /** The server stops: answer what is under way, then `end`. Who does not is cut off when the grace is over. */
    onShutdown: () => void;
    pause(): void;
    resume(): void;
}
export type BidiHandler = (call: CallContext, stream: BidiStream) => void;
export interface ServiceTable {
    /** Largest request message of this table's methods; default: the server's `requestBytesMax`. */
    readonly requestBytesMax?: number;
    readonly unary?: Readonly<Record<string, UnaryHandler>>;
    readonly serverStream?: Readonly<Record<string, ServerStreamHandler>>;
    readonly bidi?: Readonly<Record<string, BidiHandler>>;
}
