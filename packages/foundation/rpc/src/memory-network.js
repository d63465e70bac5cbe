/**
 * Channels without sockets, for tests: the same service tables, the same words, the same promises about failures.
 * It behaves like TCP, not like datagrams: what is written while a direction is cut waits for `heal` in order, and is
 * lost only when an end gives the connection up. An end that closes tells the other one, if the way to it is not cut.
 */
import { KvError } from '@base-kv/base';
import { methodTable } from './method-table.js';
import { MemoryCall } from './memory-call.js';
import { Way } from './memory-way.js';
import { openPeerLink } from './peer-link.js';
import { pullMessages } from './pull-messages.js';
export function memoryNetwork() {
    const served = new Map();
    const ways = new Map();
    const way = (from, to) => {
        const name = `${from}\n${to}`;
        let found = ways.get(name);
        if (found === undefined)
            ways.set(name, (found = new Way()));
        return found;
    };
    const network = {
        serve(address, services) {
            if (served.has(address))
                throw new KvError('BadConfig', `${address} is taken`);
            const entry = { methods: methodTable(services, Infinity), calls: new Set() };
            served.set(address, entry);
            return {
                close() {
                    served.delete(address);
                    for (const call of [...entry.calls])
                        call.serverDied();
                },
            };
        },
        openChannel: (from, to) => new MemoryChannel(to, way(from, to), way(to, from), () => served.get(to)),
        openPeerLink: (from, options) => openPeerLink(options, (to) => network.openChannel(from, to)),
        cut: (from, to) => way(from, to).cut(),
        heal: (from, to) => way(from, to).heal(),
    };
    return network;
}
class MemoryChannel {
    address;
    #there;
    #back;
    #served;
    #calls = new Set();
    #closed = false;
    constructor(address, there, back, served) {
        this.address = address;
        this.#there = there;
        this.#back = back;
        this.#served = served;
    }
    unary(path, request, options = {}) {
        return new Promise((resolve, reject) => {
            let reply;
            const events = {
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
            };
            const call = this.bidi(path, events, options);
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
        const call = new MemoryCall({
            path,
            address: this.address,
            events,
            options,
            there: this.#there,
            back: this.#back,
            onDone: () => this.#calls.delete(call),
        });
        this.#calls.add(call);
        if (this.#closed) {
            queueMicrotask(() => call.abandon('the channel is closed'));
            return call;
        }
        this.#there.carry(() => {
            const server = this.#served();
            if (server === undefined)
                return this.#back.carry(() => call.refused());
            const method = server.methods.get(path);
            if (method === undefined) {
                return this.#back.carry(() => call.answered(new KvError('Unimplemented', `this server has no method ${path}`)));
            }
            server.calls.add(call);
            call.serve(method, () => server.calls.delete(call));
        });
        return call;
    }
    close() {
        this.#closed = true;
        for (const call of [...this.#calls])
            call.abandon('the channel was closed');
    }
}
//# sourceMappingURL=memory-network.js.map