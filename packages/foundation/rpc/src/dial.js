/**
 * Opens one HTTP/2 session and calls it ready only when the peer's SETTINGS have come. A peer that accepts TCP and then
 * says nothing (stopped, or cut off at that moment) is thus found out within `timeoutMs`, and until the session is ready
 * nothing was sent: every failure here means "certainly not applied".
 */
import { KvError } from '@base-kv/base';
import * as http2 from 'node:http2';
import { formatAddress, parseAddress } from './address.js';
export function dial(address, { tls, timeoutMs, windowBytes }) {
    const { host, port } = parseAddress(address);
    const session = http2.connect(`${tls === undefined ? 'http' : 'https'}://${formatAddress({ host, port })}`, {
        settings: { enablePush: false, initialWindowSize: windowBytes },
        maxSessionMemory: Number.MAX_SAFE_INTEGER,
        ...(tls === undefined ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }),
    });
    let abort = () => { };
    const ready = new Promise((resolve, reject) => {
        const settle = (error) => {
            clearTimeout(timer);
            session.off('remoteSettings', accept);
            session.off('error', refuse);
            session.off('close', closed);
            // From here on what happens is seen on the streams and by `close`.
            session.on('error', () => { });
            if (error === undefined)
                return resolve(session);
            session.destroy();
            reject(error);
        };
        const accept = () => {
            session.setLocalWindowSize(windowBytes);
            settle(undefined);
        };
        const refuse = (cause) => settle(dialError(address, tls !== undefined, cause));
        const closed = () => settle(dialError(address, tls !== undefined, undefined));
        const timer = setTimeout(() => settle(new KvError('Unreachable', `${address} did not answer within ${timeoutMs} ms`)), timeoutMs);
        abort = () => settle(new KvError('Unreachable', `the connection to ${address} was given up`));
        session.on('connect', (_, socket) => 'setNoDelay' in socket && socket.setNoDelay(true));
        session.on('remoteSettings', accept);
        session.on('error', refuse);
        session.on('close', closed);
    });
    return { session: ready, abort: () => abort() };
}
/** OpenSSL's and Node's words for certificates that do not fit. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|SSLV3_ALERT_BAD|ALERT_UNKNOWN_CA|ALERT_DECRYPT/;
const certificateHint = 'both sides need certificates signed by the same tls.ca, with the dialled host among their names';
function dialError(address, tls, cause) {
    const code = cause?.code ?? '';
    const inner = cause instanceof AggregateError ? cause.errors[0] : undefined;
    const reason = cause === undefined ? 'it closed the connection' : inner?.message || cause.message || code;
    if (tls && CERTIFICATE.test(code)) {
        return new KvError('Unauthenticated', `${address} and this node do not accept each other's certificates: ${reason}`, {
            hint: certificateHint,
            cause,
        });
    }
    const hint = hintFor(code, tls);
    return new KvError('Unreachable', `cannot reach ${address}: ${reason}`, { ...(hint ? { hint } : {}), cause });
}
function hintFor(code, tls) {
    if (code === 'ECONNREFUSED' || code === 'ETIMEDOUT' || code === 'EHOSTUNREACH')
        return 'is the node running?';
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
        return 'is the name right, and known on this machine?';
    if (code.startsWith('ERR_SSL'))
        return 'does that node have TLS switched on?';
    if (code === '' || code === 'ECONNRESET' || code.startsWith('ERR_HTTP2')) {
        return tls ? certificateHint : 'does that node want TLS, or does something else listen there?';
    }
    return undefined;
}
//# sourceMappingURL=dial.js.map