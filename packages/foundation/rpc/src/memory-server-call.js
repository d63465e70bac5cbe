/** The server's half of a call in memory: what ServerCall is to a socket. */
import { assert, AssertionError, KvError, toKvError } from '@base-kv/base';
const ROOM_BYTES = 64 * 1024;
export class MemoryServerCall {
    path;
    peer = 'memory';
    onMessage = () => { };
    onEnd = () => { };
    onShutdown = () => { };
    #call;
    /** Undefined stands for the end of the requests. */
    #arrived = [];
    #paused = false;
    #done = false;
    #gone = false;
    #request;
    #underWayBytes = 0;
    #cancelRuns = [];
    #roomRuns = [];
    constructor(call) {
        this.#call = call;
        this.path = call.path;
    }
    get cancelled() {
        return this.#gone || this.remainingMs() <= 0;
    }
    remainingMs() {
        return this.#call.deadlineAt === Infinity ? Infinity : this.#call.deadlineAt - performance.now();
    }
    get(name) {
        return this.#call.metadata[name];
    }
    storeName() {
        return this.get('store_name') ?? 'kv.store';
    }
    onCancel(run) {
        if (!this.#done)
            this.#cancelRuns.push(run);
    }
    begin() {
        const { method } = this.#call;
        if (method.kind === 'bidi')
            this.#guard(() => method.handler(this, this));
    }
    /** `take` gives the bytes when they are handed on, and frees the sender's queue. */
    arrive(take) {
        this.#arrived.push(take);
        if (!this.#paused)
            this.#handOn();
    }
    /** The client is gone. */
    cancel() {
        this.#gone = true;
        if (!this.#done) {
            this.#done = true;
            for (const run of this.#cancelRuns)
                run();
        }
        this.#releaseRoom();
    }
    write(response) {
        if (this.#done)
            return true;
        this.#underWayBytes += response.length;
        this.#call.send(Buffer.from(response));
        return this.#underWayBytes < ROOM_BYTES;
    }
    /** The client's reader took that many bytes. */
    took(bytes) {
        this.#underWayBytes -= bytes;
        if (this.#underWayBytes < ROOM_BYTES)
            this.#releaseRoom();
    }
    drained() {
        if (this.#done || this.#underWayBytes < ROOM_BYTES)
            return Promise.resolve();
        return new Promise((resolve) => this.#roomRuns.push(resolve));
    }
    end() {
        this.#finish(undefined);
    }
    fail(error) {
        this.#finish(error);
    }
    pause() {
        this.#paused = true;
    }
    resume() {
        this.#paused = false;
        this.#handOn();
    }
    #handOn() {
        while (!this.#paused && !this.#done) {
            const take = this.#arrived.shift();
            if (take === undefined)
                return;
            const request = take();
            this.#guard(() => (request === undefined ? this.#ended() : this.#received(request)));
        }
    }
    #received(request) {
        const { kind } = this.#call.method;
        if (kind === 'bidi')
            return this.onMessage(request);
        if (this.#request !== undefined)
            throw new KvError('BadRequest', `${this.path} takes one message`);
        this.#request = request;
    }
    #ended() {
        const { method } = this.#call;
        if (method.kind === 'bidi')
            return this.onEnd();
        const request = this.#request;
        if (request === undefined)
            throw new KvError('BadRequest', `${this.path} wants a message`);
        if (method.kind === 'serverStream') {
            method.handler(request, this, this)?.catch((thrown) => this.#crash(thrown));
            return;
        }
        method.handler(request, this, (error, response) => {
            if (this.#done)
                return;
            if (error !== null)
                return this.fail(error);
            assert(response !== undefined, 'a reply is an error or a message');
            this.write(response);
            this.end();
        });
    }
    #guard(run) {
        try {
            run();
        }
        catch (thrown) {
            this.#crash(thrown);
        }
    }
    #crash(thrown) {
        if (thrown instanceof AssertionError)
            throw thrown;
        this.fail(toKvError(thrown));
    }
    #finish(error) {
        if (this.#done)
            return;
        this.#done = true;
        this.#call.finish(error);
        this.#releaseRoom();
    }
    #releaseRoom() {
        const runs = this.#roomRuns;
        this.#roomRuns = [];
        for (const run of runs)
            run();
    }
}
//# sourceMappingURL=memory-server-call.js.map