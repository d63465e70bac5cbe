/** What link and service must agree on. */
import type { PeerTiming } from './peer-types.ts';
export declare const helloPath = "/basekv.v1.Peer/Hello";
export declare const raftPath = "/basekv.v1.Peer/Raft";
export declare const pullSnapshotPath = "/basekv.v1.Peer/PullSnapshot";
/** The caller's HelloRequest, base64: a Raft stream says by itself who opened it. */
export declare const helloMetadata = "base-kv-hello-bin";
/** An empty RaftFrame: a sign of life. */
export declare const emptyFrame: Uint8Array<ArrayBuffer>;
export declare const defaultTiming: PeerTiming;
/**
 * Notices silence. A process that stood still itself hears nothing either: after a late look the other side gets the
 * time anew to be heard.
 */
export declare class SilenceWatch {
    #private;
    constructor(silenceMs: number);
    heard(): void;
    /** To be asked several times within `silenceMs`. */
    get silent(): boolean;
}
