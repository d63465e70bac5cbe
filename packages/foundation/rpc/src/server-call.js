/**
 * One call on the server: an HTTP/2 stream turned into handler calls. Written for the unary call, which is the hot one:
 * no metadata object, no queue, no promise; everything that is rarely asked for is made when asked.
 */
import { assert, AssertionError, KvError, toKvError } from '@base-kv/base';
import { constants } from 'node:http2';
import { frameMessage, framePrefix, MessageReader } from './message-frames.js';
import { statusTrailers } from './status.js';
const responseHeaders = { ':status': 200, 'content-type': 'application/grpc+proto' };
const okTrailers = { 'grpc-status': '0' };
// Nobody reads the `date` that Node would add; the type does not know the option.
const respondOptions = Object.assign({ waitForTrailers: true }, { sendDate: false });
const refuseOptions = Object.assign({ endStream: true }, { sendDate: false });
/** From here on a copy costs more than a second write. */
const LARGE_BYTES = 16 * 1024;
const DEFAULT_STORE = 'kv.store';
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const unitMs = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** `onOver` is called once, when the stream is closed. */
export function serveCall(stream, headers, method, onOver) {
    switch (method.kind) {
        case 'unary':
            return new UnaryCall(stream, headers, method, onOver);
        case 'serverStream':
            return new ServerStreamCall(stream, headers, method, onOver);
        case 'bidi':
            return new BidiCall(stream, headers, method, onOver);
    }
}
/** Ends a call before it has a handler. */
export function refuseCall(stream, error) {
    stream.respond({ ...responseHeaders, ...statusTrailers(error) }, refuseOptions);
    // The rest of the request is not wanted.
    stream.close(constants.NGHTTP2_NO_ERROR);
}
export class ServerCall {
    path;
    stream;
    reader;
    /** The status was sent, or the stream is gone. Invariant: true once, for ever; nothing is sent after it. */
    done = false;
    #headers;
    /** `performance.now()` at which the caller gives up; undefined until asked for. */
    #deadlineAt;
    #cancelRuns;
    #deadlineTimer;
    #startedAt;
    #responded = false;
    #trailers = okTrailers;
    constructor(stream, headers, method, onOver) {
        this.stream = stream;
        this.#headers = headers;
        this.path = method.path;
        this.reader = new MessageReader(method.requestBytesMax);
        this.#startedAt = headers['grpc-timeout'] === undefined ? 0 : performance.now();
        stream.on('close', () => {
            onOver(this);
            this.#closed();
        });
        stream.on('data', (chunk) => this.#received(chunk));
        stream.on('end', () => this.#ended());
    }
    get peer() {
        const socket = this.stream.session?.socket;
        return socket?.remoteAddress === undefined ? 'unknown' : `${socket.remoteAddress}:${socket.remotePort}`;
    }
    get cancelled() {
        return this.stream.destroyed || this.remainingMs() <= 0;
    }
    remainingMs() {
        this.#deadlineAt ??= this.#startedAt + timeoutMs(this.#headers['grpc-timeout']);
        return this.#deadlineAt === Infinity ? Infinity : this.#deadlineAt - performance.now();
    }
    get(name) {
        const value = this.#headers[name];
        return Array.isArray(value) ? value[0] : value;
    }
    storeName() {
        return this.get('store_name') ?? DEFAULT_STORE;
    }
    onCancel(run) {
        if (this.done)
            return;
        if (this.#cancelRuns === undefined) {
            this.#cancelRuns = [];
            const remainingMs = this.remainingMs();
            if (remainingMs < 2 ** 31) {
                this.#deadlineTimer = setTimeout(() => {
                    this.fail(new KvError('DeadlineExceeded', 'the deadline passed before the answer was there'));
                    this.#cancel();
                }, remainingMs);
            }
        }
        this.#cancelRuns.push(run);
    }
    /** Tells the handler that the server stops; a call that is nearly done needs no word. */
    shutdown() { }
    fail(error) {
        if (this.done)
            return;
        this.done = true;
        clearTimeout(this.#deadlineTimer);
        if (this.stream.destroyed)
            return;
        if (this.#responded) {
            this.#trailers = statusTrailers(error);
            this.stream.end();
        }
        else {
            refuseCall(this.stream, error);
        }
    }
    /** Whether messages may be handed on now. */
    get flowing() {
        return true;
    }
    respond() {
        if (this.#responded)
            return;
        this.#responded = true;
        this.stream.respond(responseHeaders, respondOptions);
        this.stream.on('wantTrailers', () => this.stream.sendTrailers(this.#trailers));
    }
    /** Sends the OK status, with a last message if given. */
    finish(message) {
        this.done = true;
        clearTimeout(this.#deadlineTimer);
        if (this.stream.destroyed)
            return;
        this.respond();
        if (message === undefined)
            this.stream.end();
        else if (message.length < LARGE_BYTES)
            this.stream.end(frameMessage(message));
        else {
            this.stream.write(framePrefix(message.length));
            this.stream.end(message);
        }
    }
    send(message) {
        this.respond();
        if (message.length < LARGE_BYTES)
            return this.stream.write(frameMessage(message));
        this.stream.write(framePrefix(message.length));
        return this.stream.write(message);
    }
    /** Hands on what is whole. */
    drain() {
        try {
            while (this.flowing && !this.done) {
                const request = this.reader.next();
                if (request === undefined)
                    return;
                this.onRequest(request);
            }
        }
        catch (thrown) {
            this.crash(thrown);
        }
    }
    /** What a handler threw: an answer, unless an invariant is broken: that ends the process. */
    crash(thrown) {
        if (thrown instanceof AssertionError)
            throw thrown;
        this.fail(toKvError(thrown));
    }
    #received(chunk) {
        if (this.done)
            return;
        this.reader.push(chunk);
        this.drain();
    }
    #ended() {
        if (this.done || this.stream.aborted)
            return;
        if (this.flowing && this.reader.partial) {
            this.fail(new KvError('BadRequest', 'the request ends in the middle of a message'));
        }
        else {
            try {
                this.onRequestEnd();
            }
            catch (thrown) {
                this.crash(thrown);
            }
        }
    }
    #closed() {
        clearTimeout(this.#deadlineTimer);
        if (this.done)
            return;
        this.done = true;
        this.#cancel();
    }
    #cancel() {
        const runs = this.#cancelRuns;
        this.#cancelRuns = undefined;
        for (const run of runs ?? [])
            run();
    }
}
/** @returns Infinity without a timeout, or with one that nobody can read */
function timeoutMs(header) {
    const match = typeof header === 'string' ? TIMEOUT.exec(header) : null;
    return match === null ? Infinity : Number(match[1]) * unitMs[match[2]];
}
/** Calls with exactly one request message. */
class OneRequestCall extends ServerCall {
    #request;
    onRequest(request) {
        if (this.#request !== undefined)
            throw new KvError('BadRequest', `${this.path} takes one message`);
        this.#request = request;
    }
    onRequestEnd() {
        const request = this.#request;
        if (request === undefined)
            throw new KvError('BadRequest', `${this.path} wants a message`);
        this.run(request);
    }
}
class UnaryCall extends OneRequestCall {
    #method;
    constructor(stream, headers, method, onOver) {
        super(stream, headers, method, onOver);
        this.#method = method;
    }
    run(request) {
        this.#method.handler(request, this, (error, response) => {
            if (this.done)
                return;
            if (error !== null)
                return this.fail(error);
            assert(response !== undefined, 'a reply is an error or a message');
            this.finish(response);
        });
    }
}
class StreamedReplies extends OneRequestCall {
    #room;
    write(response) {
        return this.done ? true : this.send(response);
    }
    drained() {
        if (this.done || !this.stream.writableNeedDrain)
            return Promise.resolve();
        // One listener a stream, however many wait.
        this.#room ??= new Promise((resolve) => {
            const release = () => {
                this.stream.off('drain', release);
                this.stream.off('close', release);
                this.#room = undefined;
                resolve();
            };
            this.stream.on('drain', release);
            this.stream.on('close', release);
        });
        return this.#room;
    }
    end() {
        if (!this.done)
            this.finish(undefined);
    }
}
class ServerStreamCall extends StreamedReplies {
    #method;
    constructor(stream, headers, method, onOver) {
        super(stream, headers, method, onOver);
        this.#method = method;
    }
    run(request) {
        this.#method.handler(request, this, this)?.catch((thrown) => this.crash(thrown));
    }
}
class BidiCall extends StreamedReplies {
    onMessage = () => { };
    onEnd = () => { };
    onShutdown = () => { };
    #paused = false;
    /** The caller has said everything, while paused. */
    #endHeld = false;
    constructor(stream, headers, method, onOver) {
        super(stream, headers, method, onOver);
        try {
            method.handler(this, this);
        }
        catch (thrown) {
            this.crash(thrown);
        }
    }
    pause() {
        this.#paused = true;
        this.stream.pause();
    }
    resume() {
        if (!this.#paused)
            return;
        this.#paused = false;
        this.drain();
        if (this.#paused || this.done)
            return;
        if (!this.#endHeld)
            return void this.stream.resume();
        try {
            this.onRequestEnd();
        }
        catch (thrown) {
            this.crash(thrown);
        }
    }
    shutdown() {
        if (!this.done)
            this.onShutdown();
    }
    get flowing() {
        return !this.#paused;
    }
    onRequest(request) {
        this.onMessage(request);
    }
    onRequestEnd() {
        if (this.#paused) {
            this.#endHeld = true;
            return;
        }
        this.#endHeld = false;
        if (this.reader.partial)
            throw new KvError('BadRequest', 'the stream ends in the middle of a message');
        this.onEnd();
    }
    run() { }
}
//# sourceMappingURL=server-call.js.map