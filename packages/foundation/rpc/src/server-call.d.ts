/**
 * One call on the server: an HTTP/2 stream turned into handler calls. Written for the unary call, which is the hot one:
 * no metadata object, no queue, no promise; everything that is rarely asked for is made when asked.
 */
import { KvError } from '@base-kv/base';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { MessageReader } from './message-frames.ts';
import type { Method } from './method-table.ts';
import type { CallContext } from './service-table.ts';
/** `onOver` is called once, when the stream is closed. */
export declare function serveCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: Method, onOver: (call: ServerCall) => void): ServerCall;
/** Ends a call before it has a handler. */
export declare function refuseCall(stream: ServerHttp2Stream, error: KvError): void;
export declare abstract class ServerCall implements CallContext {
    #private;
    readonly path: string;
    protected readonly stream: ServerHttp2Stream;
    protected readonly reader: MessageReader;
    /** The status was sent, or the stream is gone. Invariant: true once, for ever; nothing is sent after it. */
    protected done: boolean;
    constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: Method, onOver: (call: ServerCall) => void);
    get peer(): string;
    get cancelled(): boolean;
    remainingMs(): number;
    get(name: string): string | undefined;
    storeName(): string;
    onCancel(run: () => void): void;
    /** Tells the handler that the server stops; a call that is nearly done needs no word. */
    shutdown(): void;
    fail(error: KvError): void;
    protected abstract onRequest(request: Buffer): void;
    protected abstract onRequestEnd(): void;
    /** Whether messages may be handed on now. */
    protected get flowing(): boolean;
    protected respond(): void;
    /** Sends the OK status, with a last message if given. */
    protected finish(message: Uint8Array | undefined): void;
    protected send(message: Uint8Array): boolean;
    /** Hands on what is whole. */
    protected drain(): void;
    /** What a handler threw: an answer, unless an invariant is broken: that ends the process. */
    protected crash(thrown: unknown): void;
}
