import type { Log } from '@base-kv/base';
import type { v1 } from '@base-kv/protocol';
import type { TlsOptions } from './tls-options.ts';
export interface PeerLinkOptions {
    /** What to dial. */
    readonly address: string;
    readonly tls?: TlsOptions;
    readonly log: Log;
    /** Who we are, asked anew at each dial. */
    hello(): v1.HelloRequest.$Properties;
    /** Hello was answered and the Raft stream stands. */
    onUp(hello: v1.HelloReply): void;
    /** Only after `onUp`; the link goes on dialling. */
    onDown(reason: string): void;
    /** The peer wants nothing to do with us: once for each new text. Asked again slowly. */
    onRefused(reason: string, hello: v1.HelloReply): void;
    readonly timing?: Partial<PeerTiming>;
}
export interface PeerTiming {
    /** Sign of life on an idle stream, both ways. */
    readonly heartbeatMs: number;
    /** Silence that tears the link down. */
    readonly silenceMs: number;
    readonly redialMinMs: number;
    readonly redialMaxMs: number;
    /** How long after a link went down (or was made) redials never wait more than `redialSoonMs`. */
    readonly redialSoonForMs: number;
    readonly redialSoonMs: number;
    readonly refusedRetryMs: number;
}
/** The way to one peer: dials for ever until closed. Messages go out only; the peer's own link brings its messages. */
export interface PeerLink {
    readonly address: string;
    /** What the peer said at the last `onUp`; undefined while the link is down. */
    readonly hello: v1.HelloReply | undefined;
    /** One frame. False: the link is down or its queue is full, and the messages are dropped. */
    send(messages: readonly v1.RaftMessage.$Properties[]): boolean;
    /** On a second connection, so that bulk never holds Raft up. Errors are KvErrors; leaving the loop cancels. */
    pullSnapshot(request: v1.PullSnapshotRequest.$Properties): AsyncIterable<v1.SnapshotChunk>;
    close(): void;
}
/** The answering side. */
export interface PeerHandlers {
    /** Asked by Hello and again when a Raft stream opens; `refused` not empty turns the caller away. */
    hello(request: v1.HelloRequest): v1.HelloReply.$Properties;
    /** `from` is the caller's Hello of this very stream. Byte fields are views on one received frame: copy to keep long. */
    onMessages(from: v1.HelloRequest, messages: readonly v1.RaftMessage[]): void;
    snapshot(request: v1.PullSnapshotRequest): AsyncIterable<v1.SnapshotChunk.$Properties>;
}
