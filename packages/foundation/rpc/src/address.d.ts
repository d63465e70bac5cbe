export interface Address {
    /** A name, an IPv4 address, or an IPv6 address without brackets. */
    readonly host: string;
    /** 0 to 65535; 0 only where a free port is wanted. */
    readonly port: number;
}
/** Reads `host:port` and `[ipv6]:port`. @throws KvError BadConfig */
export declare function parseAddress(text: string): Address;
export declare function formatAddress({ host, port }: Address): string;
/** Whether only this machine can reach it. A name other than localhost counts as reachable by others. */
export declare function isLoopback(host: string): boolean;
