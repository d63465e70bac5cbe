import { type Log } from '@base-kv/base';
import type { PeerHandlers, PeerTiming } from './peer-types.ts';
import type { ServiceTable } from './service-table.ts';
export interface PeerServiceOptions {
    readonly log: Log;
    readonly timing?: Partial<PeerTiming>;
}
/** The answering side of peer links, as a service table. */
export declare function peerService(handlers: PeerHandlers, options: PeerServiceOptions): ServiceTable;
