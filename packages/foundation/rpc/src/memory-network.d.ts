import type { RpcChannel } from './channel-types.ts';
import type { PeerLink, PeerLinkOptions } from './peer-types.ts';
import type { ServiceTable } from './service-table.ts';
export interface MemoryNetwork {
    /** Answers at `address` (any string) until closed; closing breaks what is under way, as a killed process would. */
    serve(address: string, services: readonly ServiceTable[]): {
        close(): void;
    };
    /** `from` is what `cut` and `heal` name. */
    openChannel(from: string, to: string): RpcChannel;
    openPeerLink(from: string, options: PeerLinkOptions): PeerLink;
    /** Nothing more gets from `from` to `to`; the other direction is untouched. */
    cut(from: string, to: string): void;
    heal(from: string, to: string): void;
}
export declare function memoryNetwork(): MemoryNetwork;
