import { KvError, limits } from '@base-kv/base';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { formatAddress, parseAddress } from './address.js';
import { healthService } from './health.js';
import { methodTable } from './method-table.js';
import { reflectionService } from './reflection.js';
import { refuseCall, serveCall } from './server-call.js';
const defaultLimits = {
    requestBytesMax: limits.requestBytesMax,
    callsPerConnectionMax: 4096,
    connectionsMax: 4096,
    pingTimeoutMs: 5000,
};
/** How much a caller may send ahead on one stream, and on one connection. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;
const TLS_HANDSHAKE_MS = 5000;
/** @throws KvError BadConfig: port taken, bad address, certificates that cannot be used */
export async function startRpcServer(options) {
    const serverLimits = { ...defaultLimits, ...options.limits };
    const health = healthService();
    const services = [...options.services, health.table, reflectionService(options.log)];
    const methods = methodTable(services, serverLimits.requestBytesMax);
    const server = new Http2RpcServer(options.log, methods, serverLimits, options.tls);
    await server.listen(options.bind);
    return {
        address: server.address,
        setHealth: (service, serving) => health.set(service, serving),
        close: (graceMs) => server.close(graceMs),
    };
}
class Http2RpcServer {
    #log;
    #methods;
    #limits;
    #server;
    #sessions = new Set();
    /** Sockets that have no session yet, or never will. */
    #sockets = new Set();
    #calls = new Set();
    #closing = false;
    #idle;
    constructor(log, methods, serverLimits, tls) {
        this.#log = log;
        this.#methods = methods;
        this.#limits = serverLimits;
        this.#server = createServer(serverLimits, tls);
        this.#server.maxConnections = serverLimits.connectionsMax;
        this.#server.on('connection', (socket) => this.#connected(socket));
        this.#server.on('session', (session) => this.#opened(session));
        this.#server.on('stream', (stream, headers) => this.#called(stream, headers));
        // Garbage, an aborted handshake, a vanished caller: that connection is closed by Node; the server goes on.
        this.#server.on('sessionError', (error) => log.debug('a connection broke', { reason: error.message }));
        this.#server.on('tlsClientError', (error) => log.info('a caller was refused', { reason: error.message }));
    }
    get address() {
        const { address, port } = this.#server.address();
        return formatAddress({ host: address, port });
    }
    async listen(bind) {
        const { host, port } = parseAddress(bind);
        this.#server.listen(port, host);
        try {
            await once(this.#server, 'listening');
        }
        catch (cause) {
            throw listenError(bind, port, cause);
        }
        this.#server.on('error', (error) => this.#log.error('the listening socket failed', { reason: error.message }));
    }
    async close(graceMs) {
        if (this.#closing)
            return;
        this.#closing = true;
        const closed = once(this.#server, 'close');
        this.#server.close();
        // GOAWAY: callers send what is new elsewhere.
        for (const session of this.#sessions)
            if (!session.destroyed)
                session.close();
        for (const call of this.#calls)
            call.shutdown();
        if (this.#calls.size > 0) {
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, graceMs);
                this.#idle = () => {
                    clearTimeout(timer);
                    // The last replies are written, not yet sent.
                    setImmediate(resolve);
                };
            });
        }
        for (const session of this.#sessions)
            session.destroy();
        for (const socket of this.#sockets)
            socket.destroy();
        await closed;
    }
    #connected(socket) {
        socket.setNoDelay(true);
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
    }
    #opened(session) {
        this.#sessions.add(session);
        session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
        const stopPings = this.#ping(session);
        session.on('close', () => {
            stopPings();
            this.#sessions.delete(session);
        });
        if (this.#closing)
            session.close();
    }
    /** Finds out callers that are gone without a word: half-open connections, and those that never spoke HTTP/2. */
    #ping(session) {
        let answered = true;
        const timer = setInterval(() => {
            // Between a session's end and its `close` a ping would throw.
            if (session.destroyed)
                return;
            if (!answered)
                return session.destroy();
            answered = false;
            session.ping(() => {
                answered = true;
            });
        }, this.#limits.pingTimeoutMs);
        timer.unref();
        return () => clearInterval(timer);
    }
    #called(stream, headers) {
        // What a broken stream means its `close` says.
        stream.on('error', () => { });
        if (headers['content-type']?.startsWith('application/grpc') !== true) {
            stream.respond({ ':status': 415 }, { endStream: true });
            stream.close();
            return;
        }
        const path = headers[':path'];
        const method = this.#methods.get(path);
        if (method === undefined) {
            return refuseCall(stream, new KvError('Unimplemented', `this server has no method ${path}`));
        }
        this.#calls.add(serveCall(stream, headers, method, this.#over));
    }
    #over = (call) => {
        this.#calls.delete(call);
        if (this.#calls.size === 0)
            this.#idle?.();
    };
}
function createServer(serverLimits, tls) {
    const options = {
        // Node slows down badly near its session limit; what a session may hold is bounded by windows and calls.
        maxSessionMemory: Number.MAX_SAFE_INTEGER,
        settings: { initialWindowSize: STREAM_WINDOW_BYTES, maxConcurrentStreams: serverLimits.callsPerConnectionMax },
    };
    if (tls === undefined)
        return http2.createServer(options);
    try {
        return http2.createSecureServer({
            ...options,
            ...tls,
            requestCert: true,
            rejectUnauthorized: true,
            handshakeTimeout: TLS_HANDSHAKE_MS,
            minVersion: 'TLSv1.2',
        });
    }
    catch (cause) {
        throw new KvError('BadConfig', `the TLS files cannot be used: ${cause.message}`, {
            hint: 'tls.ca, tls.cert and tls.key are PEM files, and the key fits the certificate',
            cause,
        });
    }
}
function listenError(bind, port, cause) {
    const { code, message } = cause;
    if (code === 'EADDRINUSE') {
        return new KvError('BadConfig', `port ${port} is taken (${bind})`, {
            hint: 'stop what listens there or choose other ports with --base-port',
            cause,
        });
    }
    return new KvError('BadConfig', `cannot listen on ${bind}: ${message}`, { cause });
}
//# sourceMappingURL=server.js.map