/**
 * One call of a client. Its state decides what a failure means:
 *
 * - waiting: no session yet. Nothing has left: failures are `Unreachable`, certainly not applied.
 * - sent: the request was handed to a session. From here on a failure without a status from the server proves nothing:
 *   `OutcomeUnknown`, `DeadlineExceeded` or `Cancelled`. The one exception is the server's own word that it did not look
 *   at the stream (REFUSED_STREAM, also what a graceful GOAWAY makes of later streams).
 * - done: `onEnd` was called, once.
 */
import { KvError } from '@base-kv/base';
import { type ClientHttp2Session } from 'node:http2';
import type { BidiEvents, CallOptions, ClientBidi } from './channel-types.ts';
export interface ClientCallOptions extends CallOptions {
    readonly address: string;
    readonly path: string;
    readonly replyBytesMax: number;
    readonly events: BidiEvents;
    /** Bytes came: the connection lives. */
    onHeard(): void;
    /** The call is over, whatever the outcome. */
    onDone(call: ClientCall): void;
}
export declare class ClientCall implements ClientBidi {
    #private;
    constructor(options: ClientCallOptions);
    get queuedBytes(): number;
    /** Leaves the state waiting. */
    start(session: ClientHttp2Session): void;
    /** Ends a call that is still waiting. */
    refuse(error: KvError): void;
    /** Ends a call that may have been sent, because its connection is given up. */
    abandon(reason: string): void;
    write(request: Uint8Array): boolean;
    end(): void;
    cancel(): void;
    pause(): void;
    resume(): void;
}
