/** One call in memory: the client's half and the server's half, and the two ways between them. */
import { KvError } from '@base-kv/base';
import { MemoryServerCall } from './memory-server-call.js';
const ROOM_BYTES = 64 * 1024;
export class MemoryCall {
    #call;
    #timer;
    #deadlineAt;
    #server;
    /** Invariant: once true nothing is delivered to the client, and nothing that is still under way to the server. */
    #done = false;
    #ended = false;
    #queuedBytes = 0;
    #wantsDrain = false;
    #paused = false;
    #arrived = [];
    constructor(call) {
        this.#call = call;
        const { deadlineMs, signal } = call.options;
        this.#deadlineAt = deadlineMs === undefined ? Infinity : performance.now() + deadlineMs;
        if (deadlineMs !== undefined) {
            const text = `${call.address} did not answer within ${deadlineMs} ms`;
            this.#timer = setTimeout(() => this.#break(new KvError(this.#lostCode('DeadlineExceeded'), text)), deadlineMs);
        }
        signal?.addEventListener('abort', this.#aborted);
    }
    get queuedBytes() {
        return this.#queuedBytes;
    }
    write(request) {
        if (this.#done || this.#ended)
            return true;
        const bytes = Buffer.from(request);
        this.#queuedBytes += bytes.length;
        this.#call.there.carry(() => {
            this.#server?.arrive(() => {
                this.#queuedBytes -= bytes.length;
                if (this.#wantsDrain && this.#queuedBytes === 0 && !this.#done) {
                    this.#wantsDrain = false;
                    this.#call.events.onDrain?.();
                }
                return bytes;
            });
        });
        this.#wantsDrain = this.#queuedBytes >= ROOM_BYTES;
        return !this.#wantsDrain;
    }
    end() {
        if (this.#done || this.#ended)
            return;
        this.#ended = true;
        this.#call.there.carry(() => this.#server?.arrive(() => undefined));
    }
    cancel() {
        this.#break(new KvError('Cancelled', 'the call was cancelled'));
    }
    pause() {
        this.#paused = true;
    }
    resume() {
        this.#paused = false;
        while (!this.#paused) {
            const event = this.#arrived.shift();
            if (event === undefined)
                return;
            event();
        }
    }
    /** The connection is given up on the client's side. */
    abandon(reason) {
        this.#break(new KvError(this.#lostCode('OutcomeUnknown'), `${reason} (${this.#call.address})`));
    }
    refused() {
        this.#finish(new KvError('Unreachable', `cannot reach ${this.#call.address}: nobody is there`));
    }
    answered(error) {
        this.#deliver(() => this.#finish(error));
    }
    /** The server took the call. */
    serve(method, onServerDone) {
        if (this.#done)
            return onServerDone();
        const { path, back, options, events } = this.#call;
        const server = new MemoryServerCall({
            path,
            metadata: options.metadata ?? {},
            deadlineAt: this.#deadlineAt,
            method,
            send: (bytes) => {
                back.carry(() => this.#deliver(() => {
                    server.took(bytes.length);
                    events.onMessage(bytes);
                }));
            },
            finish: (error) => {
                onServerDone();
                back.carry(() => this.answered(error));
            },
        });
        this.#server = server;
        back.carry(() => this.#deliver(() => events.onOpen?.()));
        server.begin();
    }
    /** The server's process is gone. */
    serverDied() {
        this.#server?.cancel();
        const lost = new KvError('OutcomeUnknown', `the connection to ${this.#call.address} broke before the answer came`);
        this.#call.back.carry(() => this.answered(lost));
    }
    #aborted = () => this.cancel();
    #lostCode(sent) {
        return this.#server === undefined ? 'Unreachable' : sent;
    }
    #deliver(event) {
        if (this.#done)
            return;
        if (this.#paused)
            this.#arrived.push(() => this.#done || event());
        else
            event();
    }
    #break(error) {
        if (this.#done)
            return;
        this.#call.there.carry(() => this.#server?.cancel());
        this.#finish(error);
    }
    #finish(error) {
        if (this.#done)
            return;
        this.#done = true;
        clearTimeout(this.#timer);
        this.#call.options.signal?.removeEventListener('abort', this.#aborted);
        this.#call.onDone();
        this.#call.events.onEnd(error);
    }
}
//# sourceMappingURL=memory-call.js.map