/**
 * A client's channel: one HTTP/2 connection, dialled when first needed.
 *
 * Why not leave connections to a library: a peer that is stopped or cut off at the wrong moment leaves a connection that
 * neither works nor breaks. While calls are out and nothing at all comes back, the channel pings; when even the ping is
 * not answered within `stuckMs`, the connection is given up, what was sent on it fails as unknown, and the next call
 * dials anew. A slow answer is no silence: pings are answered while the server thinks.
 */
import { KvError, limits } from '@base-kv/base';
import { ClientCall } from './client-call.js';
import { dial } from './dial.js';
import { pullMessages } from './pull-messages.js';
const STUCK_MS = 2000;
const WINDOW_BYTES = 1024 * 1024;
const BACKOFF_MIN_MS = 20;
const BACKOFF_MAX_MS = 500;
/** A session has 2^30 stream numbers; a new one is taken long before they run out. */
const CALLS_PER_SESSION_MAX = 500_000_000;
export function openChannel(address, options = {}) {
    return new Http2Channel(address, options);
}
class Http2Channel {
    address;
    #options;
    #stuckMs;
    #calls = new Set();
    /** Waiting for the session under `#dialling`. */
    #waiting = [];
    /** Invariant: at most one of `#session` and `#dialling` is set. */
    #session;
    #dialling;
    #sessionCalls = 0;
    #closed = false;
    /** The last dial failed: until `#dialAgainAt` calls are refused with its error at once. */
    #dialError;
    #dialAgainAt = 0;
    #backoffMs = BACKOFF_MIN_MS;
    #heardAt = 0;
    #pinging = false;
    #watchTimer;
    #watchedAt = 0;
    constructor(address, options) {
        this.address = address;
        this.#options = options;
        this.#stuckMs = options.stuckMs ?? STUCK_MS;
    }
    unary(path, request, options = {}) {
        return new Promise((resolve, reject) => {
            let reply;
            const call = this.bidi(path, {
                onMessage(message) {
                    reply = message;
                },
                onEnd: (error) => {
                    if (error !== undefined)
                        reject(error);
                    else if (reply !== undefined)
                        resolve(reply);
                    else
                        reject(new KvError('OutcomeUnknown', `${this.address} answered ${path} without a message`));
                },
            }, options);
            call.write(request);
            call.end();
        });
    }
    serverStream(path, request, options = {}) {
        return pullMessages((events) => {
            const call = this.bidi(path, events, options);
            call.write(request);
            call.end();
            return call;
        });
    }
    bidi(path, events, options = {}) {
        const call = new ClientCall({
            ...options,
            address: this.address,
            path,
            events,
            replyBytesMax: this.#options.replyBytesMax ?? limits.raftFrameBytesMax,
            onHeard: () => {
                this.#heardAt = performance.now();
            },
            onDone: (done) => this.#forget(done),
        });
        if (this.#calls.size === 0)
            this.#heardAt = performance.now();
        this.#calls.add(call);
        // The caller first writes its request, and gets even a refusal only after it holds the call.
        queueMicrotask(() => this.#start(call));
        return call;
    }
    close() {
        if (this.#closed)
            return;
        this.#closed = true;
        this.#giveUp('the channel was closed');
        this.#dialling?.abort();
    }
    #start(call) {
        if (!this.#calls.has(call))
            return;
        if (this.#closed)
            return call.refuse(new KvError('Unreachable', `the channel to ${this.address} is closed`));
        this.#watch();
        const session = this.#session;
        if (session !== undefined && !session.closed && !session.destroyed) {
            this.#send(session, call);
            return;
        }
        this.#session = undefined;
        if (this.#dialling === undefined) {
            if (this.#dialError !== undefined && performance.now() < this.#dialAgainAt)
                return call.refuse(this.#dialError);
            this.#dial();
        }
        this.#waiting.push(call);
    }
    #send(session, call) {
        call.start(session);
        if (++this.#sessionCalls < CALLS_PER_SESSION_MAX)
            return;
        session.close();
        this.#session = undefined;
    }
    #dial() {
        const dialling = dial(this.address, {
            tls: this.#options.tls,
            timeoutMs: this.#stuckMs,
            windowBytes: this.#options.windowBytes ?? WINDOW_BYTES,
        });
        this.#dialling = dialling;
        dialling.session.then((session) => {
            this.#dialling = undefined;
            this.#dialError = undefined;
            this.#backoffMs = BACKOFF_MIN_MS;
            if (this.#closed)
                return session.destroy();
            this.#session = session;
            this.#sessionCalls = 0;
            this.#pinging = false;
            this.#heardAt = performance.now();
            session.on('close', () => {
                if (this.#session === session)
                    this.#session = undefined;
            });
            for (const call of this.#takeWaiting())
                this.#send(session, call);
        }, (error) => {
            this.#dialling = undefined;
            this.#dialError = error;
            this.#dialAgainAt = performance.now() + this.#backoffMs;
            this.#backoffMs = Math.min(2 * this.#backoffMs, BACKOFF_MAX_MS);
            for (const call of this.#takeWaiting())
                call.refuse(error);
        });
    }
    #takeWaiting() {
        const waiting = this.#waiting;
        this.#waiting = [];
        return waiting.filter((call) => this.#calls.has(call));
    }
    #forget(call) {
        this.#calls.delete(call);
        if (this.#calls.size > 0)
            return;
        clearInterval(this.#watchTimer);
        this.#watchTimer = undefined;
        this.#waiting = [];
    }
    #watch() {
        if (this.#watchTimer !== undefined)
            return;
        const everyMs = this.#stuckMs / 8;
        this.#watchedAt = performance.now();
        this.#watchTimer = setInterval(() => {
            const now = performance.now();
            // This process stood still itself: what came meanwhile is not read yet.
            if (now - this.#watchedAt > this.#stuckMs / 2)
                this.#heardAt = now;
            this.#watchedAt = now;
            this.#look(now);
        }, everyMs);
    }
    #look(now) {
        const session = this.#session;
        const quietMs = now - this.#heardAt;
        if (session === undefined || quietMs < this.#stuckMs / 2)
            return;
        if (quietMs >= this.#stuckMs)
            return this.#giveUp(`nothing was heard for ${Math.round(quietMs)} ms`);
        if (this.#pinging || session.destroyed)
            return;
        this.#pinging = session.ping((error) => {
            this.#pinging = false;
            if (error === null)
                this.#heardAt = performance.now();
        });
    }
    #giveUp(reason) {
        const session = this.#session;
        this.#session = undefined;
        if (session !== undefined)
            this.#options.log?.debug('a connection is given up', { address: this.address, reason });
        for (const call of [...this.#calls])
            call.abandon(reason);
        session?.destroy();
    }
}
//# sourceMappingURL=channel.js.map