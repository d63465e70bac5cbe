/** One call in memory: the client's half and the server's half, and the two ways between them. */
import { KvError } from '@base-kv/base';
import type { BidiEvents, CallOptions, ClientBidi } from './channel-types.ts';
import type { Way } from './memory-way.ts';
import type { Method } from './method-table.ts';
export interface MemoryCallOptions {
    readonly path: string;
    readonly address: string;
    readonly events: BidiEvents;
    readonly options: CallOptions;
    readonly there: Way;
    readonly back: Way;
    onDone(): void;
}
export declare class MemoryCall implements ClientBidi {
    #private;
    constructor(call: MemoryCallOptions);
    get queuedBytes(): number;
    write(request: Uint8Array): boolean;
    end(): void;
    cancel(): void;
    pause(): void;
    resume(): void;
    /** The connection is given up on the client's side. */
    abandon(reason: string): void;
    refused(): void;
    answered(error: KvError | undefined): void;
    /** The server took the call. */
    serve(method: Method, onServerDone: () => void): void;
    /** The server's process is gone. */
    serverDied(): void;
}
