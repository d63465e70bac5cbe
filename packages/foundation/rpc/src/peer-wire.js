export const helloPath = '/basekv.v1.Peer/Hello';
export const raftPath = '/basekv.v1.Peer/Raft';
export const pullSnapshotPath = '/basekv.v1.Peer/PullSnapshot';
/** The caller's HelloRequest, base64: a Raft stream says by itself who opened it. */
export const helloMetadata = 'base-kv-hello-bin';
/** An empty RaftFrame: a sign of life. */
export const emptyFrame = new Uint8Array(0);
export const defaultTiming = {
    heartbeatMs: 1000,
    silenceMs: 3000,
    redialMinMs: 100,
    redialMaxMs: 1000,
    redialSoonForMs: 5000,
    redialSoonMs: 250,
    refusedRetryMs: 5000,
};
/**
 * Notices silence. A process that stood still itself hears nothing either: after a late look the other side gets the
 * time anew to be heard.
 */
export class SilenceWatch {
    #silenceMs;
    #heardAt = performance.now();
    #lookedAt = performance.now();
    constructor(silenceMs) {
        this.#silenceMs = silenceMs;
    }
    heard() {
        this.#heardAt = performance.now();
    }
    /** To be asked several times within `silenceMs`. */
    get silent() {
        const now = performance.now();
        if (now - this.#lookedAt > this.#silenceMs / 2)
            this.#heardAt = now;
        this.#lookedAt = now;
        return now - this.#heardAt >= this.#silenceMs;
    }
}
//# sourceMappingURL=peer-wire.js.map