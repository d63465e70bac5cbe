import { KvError } from '@base-kv/base';
/** Reads `host:port` and `[ipv6]:port`. @throws KvError BadConfig */
export function parseAddress(text) {
    const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || port > 65_535) {
        throw new KvError('BadConfig', `"${text}" is no address`, { hint: 'write host:port, or [host]:port for IPv6' });
    }
    return { host, port };
}
export function formatAddress({ host, port }) {
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
/** Whether only this machine can reach it. A name other than localhost counts as reachable by others. */
export function isLoopback(host) {
    return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
//# sourceMappingURL=address.js.map