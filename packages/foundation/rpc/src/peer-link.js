/**
 * The way to one peer, kept up for ever. One attempt after another, each with a channel of its own, so that nothing of a
 * broken connection is ever used again:
 *
 * - dialling: Hello is out.
 * - opening: Hello was answered; the Raft stream is out.
 * - up: the stream's first frame came. Left only by `#lost`.
 * - waiting: until the next attempt.
 *
 * Silence is the last resort: a peer that dies closes its sockets, the stream ends, and `onDown` is told at once.
 */
import { KvError, limits, toKvError } from '@base-kv/base';
import { v1 } from '@base-kv/protocol';
import { openChannel } from './channel.js';
import { defaultTiming, emptyFrame, helloMetadata, helloPath, pullSnapshotPath, raftPath, SilenceWatch, } from './peer-wire.js';
const BULK_WINDOW_BYTES = 4 * 1024 * 1024;
/** `open` is how channels are made: over the network unless a test has its own. */
export function openPeerLink(options, open = openChannel) {
    return new DiallingLink(options, open);
}
class DiallingLink {
    address;
    #options;
    #open;
    #timing;
    /** Its own connection: snapshots never stand before Raft messages in one socket. */
    #bulk;
    /** The attempt under way or standing; what belongs to an older one is ignored. */
    #channel;
    #stream;
    #hello;
    #watchTimer;
    #redialTimer;
    #redialMs;
    #downSince = performance.now();
    #wroteSinceBeat = false;
    #refused = '';
    #closed = false;
    constructor(options, open) {
        this.address = options.address;
        this.#options = options;
        this.#open = open;
        this.#timing = { ...defaultTiming, ...options.timing };
        this.#redialMs = this.#timing.redialMinMs;
        this.#bulk = open(options.address, { ...this.#channelOptions(), windowBytes: BULK_WINDOW_BYTES });
        // Never from within the constructor: the owner does not hold the link yet.
        this.#redialTimer = setTimeout(() => this.#dial(), 0);
    }
    get hello() {
        return this.#hello;
    }
    send(messages) {
        const stream = this.#stream;
        if (this.#hello === undefined || stream === undefined)
            return false;
        if (stream.queuedBytes >= limits.peerQueueBytesMax)
            return false;
        const frame = v1.RaftFrame.encode({ messages: messages }).finish();
        if (frame.length > limits.raftFrameBytesMax) {
            if (messages.length <= 1) {
                throw new KvError('BadRequest', `a Raft message of ${frame.length} bytes fits in no frame`);
            }
            const half = messages.length >> 1;
            return this.send(messages.slice(0, half)) && this.send(messages.slice(half));
        }
        if (stream.queuedBytes + frame.length > limits.peerQueueBytesMax)
            return false;
        this.#wroteSinceBeat = true;
        stream.write(frame);
        return true;
    }
    async *pullSnapshot(request) {
        const bytes = v1.PullSnapshotRequest.encode(request).finish();
        for await (const chunk of this.#bulk.serverStream(pullSnapshotPath, bytes)) {
            yield decode(() => v1.SnapshotChunk.decode(chunk), this.address);
        }
    }
    close() {
        if (this.#closed)
            return;
        this.#closed = true;
        clearTimeout(this.#redialTimer);
        this.#drop();
        this.#bulk.close();
    }
    #channelOptions() {
        const { tls, log } = this.#options;
        return { ...(tls === undefined ? {} : { tls }), log, stuckMs: this.#timing.silenceMs };
    }
    #dial() {
        if (this.#closed)
            return;
        const channel = this.#open(this.address, this.#channelOptions());
        this.#channel = channel;
        const watch = new SilenceWatch(this.#timing.silenceMs);
        this.#watchTimer = setInterval(() => this.#beat(channel, watch), this.#timing.heartbeatMs);
        const hello = this.#options.hello();
        channel.unary(helloPath, v1.HelloRequest.encode(hello).finish(), { deadlineMs: this.#timing.silenceMs }).then((bytes) => {
            if (this.#channel !== channel)
                return;
            try {
                this.#answered(channel, watch, hello, decode(() => v1.HelloReply.decode(bytes), this.address));
            }
            catch (thrown) {
                this.#lost(channel, toKvError(thrown).message);
            }
        }, (error) => this.#lost(channel, toKvError(error).message));
    }
    #answered(channel, watch, hello, reply) {
        watch.heard();
        if (reply.refused !== '') {
            const isNew = reply.refused !== this.#refused;
            this.#refused = reply.refused;
            this.#drop();
            this.#redialTimer = setTimeout(() => this.#dial(), this.#timing.refusedRetryMs);
            if (isNew)
                this.#options.onRefused(reply.refused, reply);
            return;
        }
        this.#refused = '';
        const stream = channel.bidi(raftPath, {
            onMessage: () => {
                watch.heard();
                if (this.#channel === channel && this.#hello === undefined)
                    this.#up(reply);
            },
            onEnd: (error) => this.#lost(channel, error?.message ?? 'the peer ended the stream'),
        }, { metadata: { [helloMetadata]: briefly(hello) } });
        this.#stream = stream;
        stream.write(emptyFrame);
    }
    #up(reply) {
        this.#hello = reply;
        this.#redialMs = this.#timing.redialMinMs;
        this.#options.onUp(reply);
    }
    #beat(channel, watch) {
        if (watch.silent)
            return this.#lost(channel, `nothing was heard for ${this.#timing.silenceMs} ms`);
        if (this.#hello !== undefined && !this.#wroteSinceBeat)
            this.#stream?.write(emptyFrame);
        this.#wroteSinceBeat = false;
    }
    #lost(channel, reason) {
        if (this.#channel !== channel)
            return;
        const wasUp = this.#hello !== undefined;
        this.#drop();
        if (wasUp)
            this.#downSince = performance.now();
        const soon = performance.now() - this.#downSince < this.#timing.redialSoonForMs;
        const redialMs = soon ? Math.min(this.#redialMs, this.#timing.redialSoonMs) : this.#redialMs;
        this.#redialMs = Math.min(2 * this.#redialMs, this.#timing.redialMaxMs);
        this.#redialTimer = setTimeout(() => this.#dial(), redialMs);
        if (wasUp)
            this.#options.onDown(reason);
        else
            this.#options.log.debug('a peer cannot be reached', { address: this.address, reason });
    }
    /** Lets go of the attempt; nothing of it is heard any more. */
    #drop() {
        clearInterval(this.#watchTimer);
        const channel = this.#channel;
        this.#channel = undefined;
        this.#stream = undefined;
        this.#hello = undefined;
        channel?.close();
    }
}
/** As it goes along with a stream: without what may be long. */
function briefly({ stores, ...hello }) {
    const brief = { ...hello, stores: (stores ?? []).map((store) => ({ ...store, renewed: [] })) };
    return Buffer.from(v1.HelloRequest.encode(brief).finish()).toString('base64');
}
function decode(read, address) {
    try {
        return read();
    }
    catch (cause) {
        throw new KvError('InternalError', `${address} answered with bytes that are no message of base-kv`, { cause });
    }
}
//# sourceMappingURL=peer-link.js.map