/** The server's half of a call in memory: what ServerCall is to a socket. */
import { KvError } from '@base-kv/base';
import type { Method } from './method-table.ts';
import type { BidiStream, CallContext } from './service-table.ts';
export interface MemoryServerCallOptions {
    readonly path: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly deadlineAt: number;
    readonly method: Method;
    send(bytes: Buffer): void;
    finish(error: KvError | undefined): void;
}
export declare class MemoryServerCall implements CallContext, BidiStream {
    #private;
    readonly path: string;
    readonly peer = "memory";
    onMessage: (request: Buffer) => void;
    onEnd: () => void;
    onShutdown: () => void;
    constructor(call: MemoryServerCallOptions);
    get cancelled(): boolean;
    remainingMs(): number;
    get(name: string): string | undefined;
    storeName(): string;
    onCancel(run: () => void): void;
    begin(): void;
    /** `take` gives the bytes when they are handed on, and frees the sender's queue. */
    arrive(take: () => Buffer | undefined): void;
    /** The client is gone. */
    cancel(): void;
    write(response: Uint8Array): boolean;
    /** The client's reader took that many bytes. */
    took(bytes: number): void;
    drained(): Promise<void>;
    end(): void;
    fail(error: KvError): void;
    pause(): void;
    resume(): void;
}
