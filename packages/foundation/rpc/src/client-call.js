/**
 * One call of a client. Its state decides what a failure means:
 *
 * - waiting: no session yet. Nothing has left: failures are `Unreachable`, certainly not applied.
 * - sent: the request was handed to a session. From here on a failure without a status from the server proves nothing:
 *   `OutcomeUnknown`, `DeadlineExceeded` or `Cancelled`. The one exception is the server's own word that it did not look
 *   at the stream (REFUSED_STREAM, also what a graceful GOAWAY makes of later streams).
 * - done: `onEnd` was called, once.
 */
import { KvError, toKvError } from '@base-kv/base';
import { constants } from 'node:http2';
import { frameMessage, framePrefix, MessageReader } from './message-frames.js';
import { kvErrorFromStatus } from './status.js';
const LARGE_BYTES = 16 * 1024;
const TIMEOUT_DIGITS_MAX = 99_999_999;
export class ClientCall {
    #options;
    #reader;
    #session;
    #stream;
    /** Frames written while waiting. */
    #waiting = [];
    #waitingBytes = 0;
    #waitingEnd = false;
    #done = false;
    #paused = false;
    /** The stream is closed while messages wait for `resume`. */
    #endHeld = false;
    #trailers;
    #httpStatus;
    #timer;
    constructor(options) {
        this.#options = options;
        this.#reader = new MessageReader(options.replyBytesMax);
        if (options.deadlineMs !== undefined) {
            this.#timer = setTimeout(() => this.#expire(), Math.max(0, options.deadlineMs));
        }
        options.signal?.addEventListener('abort', this.#aborted);
    }
    get queuedBytes() {
        return this.#waitingBytes + (this.#stream?.writableLength ?? 0);
    }
    /** Leaves the state waiting. */
    start(session) {
        if (this.#done)
            return;
        if (this.#options.signal?.aborted === true)
            return this.#aborted();
        const { path, metadata, deadlineMs } = this.#options;
        let stream;
        try {
            stream = session.request({
                ...metadata,
                ':method': 'POST',
                ':path': path,
                'content-type': 'application/grpc+proto',
                te: 'trailers',
                ...(deadlineMs === undefined ? {} : { 'grpc-timeout': `${clamp(deadlineMs)}m` }),
            });
        }
        catch (cause) {
            // The session closed in this very moment: Node refuses before it sends anything.
            return this.refuse(new KvError('Unreachable', `the connection to ${this.#options.address} has closed`, { cause }));
        }
        this.#session = session;
        this.#stream = stream;
        stream.on('response', (headers) => this.#responded(headers));
        stream.on('trailers', (trailers) => {
            this.#trailers = trailers;
        });
        stream.on('data', (chunk) => this.#received(chunk));
        // The server has said its last word: what we could still say nobody hears. Closing our half ends the call.
        stream.on('end', () => stream.end());
        stream.on('error', () => { });
        stream.on('close', () => this.#closed());
        if (this.#options.events.onDrain !== undefined)
            stream.on('drain', this.#options.events.onDrain);
        if (this.#paused)
            stream.pause();
        const waiting = this.#waiting;
        this.#waiting = [];
        this.#waitingBytes = 0;
        if (this.#waitingEnd && waiting.length === 1)
            stream.end(waiting[0]);
        else {
            for (const frame of waiting)
                stream.write(frame);
            if (this.#waitingEnd)
                stream.end();
        }
    }
    /** Ends a call that is still waiting. */
    refuse(error) {
        this.#finish(error);
    }
    /** Ends a call that may have been sent, because its connection is given up. */
    abandon(reason) {
        const { address } = this.#options;
        this.#break(new KvError(this.#stream === undefined ? 'Unreachable' : 'OutcomeUnknown', `${reason} (${address})`));
    }
    write(request) {
        if (this.#done || this.#waitingEnd)
            return true;
        const stream = this.#stream;
        if (stream === undefined) {
            const frame = frameMessage(request);
            this.#waiting.push(frame);
            this.#waitingBytes += frame.length;
            return this.#waitingBytes < LARGE_BYTES;
        }
        if (stream.destroyed || stream.writableEnded)
            return true;
        if (request.length < LARGE_BYTES)
            return stream.write(frameMessage(request));
        stream.cork();
        stream.write(framePrefix(request.length));
        const room = stream.write(request);
        stream.uncork();
        return room;
    }
    end() {
        if (this.#done)
            return;
        this.#waitingEnd = true;
        this.#stream?.end();
    }
    cancel() {
        this.#break(new KvError('Cancelled', 'the call was cancelled'));
    }
    pause() {
        this.#paused = true;
        this.#stream?.pause();
    }
    resume() {
        if (!this.#paused)
            return;
        this.#paused = false;
        this.#drain();
        if (this.#paused || this.#done)
            return;
        if (this.#endHeld)
            this.#closed();
        else
            this.#stream?.resume();
    }
    #aborted = () => this.cancel();
    #expire() {
        const { address, deadlineMs } = this.#options;
        this.#break(this.#stream === undefined
            ? new KvError('Unreachable', `no connection to ${address} within ${deadlineMs} ms`)
            : new KvError('DeadlineExceeded', `${address} did not answer within ${deadlineMs} ms`));
    }
    #responded(headers) {
        this.#options.onHeard();
        this.#httpStatus = Number(headers[':status']);
        if (headers['grpc-status'] !== undefined)
            this.#trailers = headers;
        else if (this.#httpStatus === 200 && !this.#done)
            this.#options.events.onOpen?.();
    }
    #received(chunk) {
        this.#options.onHeard();
        if (this.#done || this.#httpStatus !== 200)
            return;
        this.#reader.push(chunk);
        this.#drain();
    }
    #drain() {
        try {
            while (!this.#paused && !this.#done) {
                const message = this.#reader.next();
                if (message === undefined)
                    return;
                this.#options.events.onMessage(message);
            }
        }
        catch (thrown) {
            // A reply that cannot be read says nothing about what was done.
            const { message } = toKvError(thrown);
            this.#break(new KvError('OutcomeUnknown', `the reply of ${this.#options.address} is unusable: ${message}`));
        }
    }
    #closed() {
        if (this.#done)
            return;
        if (this.#paused && this.#reader.partial) {
            this.#endHeld = true;
            return;
        }
        this.#finish(this.#outcome());
    }
    /** What the closed stream says. */
    #outcome() {
        const { address } = this.#options;
        if (this.#trailers?.['grpc-status'] !== undefined)
            return kvErrorFromStatus(this.#trailers);
        if (this.#stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM && this.#session?.destroyed === false) {
            return new KvError('Unreachable', `${address} takes no more calls on this connection`);
        }
        if (this.#httpStatus !== undefined && this.#httpStatus !== 200) {
            return new KvError('InternalError', `${address} answered HTTP ${this.#httpStatus}`, {
                hint: 'does something else than base-kv listen there?',
            });
        }
        return new KvError('OutcomeUnknown', `the connection to ${address} broke before the answer came`, {
            hint: 'read the key again to see whether the request was applied',
        });
    }
    #break(error) {
        if (this.#done)
            return;
        this.#finish(error);
        this.#stream?.close(constants.NGHTTP2_CANCEL);
    }
    #finish(error) {
        if (this.#done)
            return;
        this.#done = true;
        clearTimeout(this.#timer);
        this.#waiting = [];
        this.#waitingBytes = 0;
        this.#options.signal?.removeEventListener('abort', this.#aborted);
        this.#options.onDone(this);
        this.#options.events.onEnd(error);
    }
}
function clamp(deadlineMs) {
    return Math.min(TIMEOUT_DIGITS_MAX, Math.max(1, Math.ceil(deadlineMs)));
}
//# sourceMappingURL=client-call.js.map