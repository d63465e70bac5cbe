import type { ChannelOptions, RpcChannel } from './channel-types.ts';
import type { PeerLink, PeerLinkOptions } from './peer-types.ts';
export type ChannelOpener = (address: string, options: ChannelOptions) => RpcChannel;
/** `open` is how channels are made: over the network unless a test has its own. */
export declare function openPeerLink(options: PeerLinkOptions, open?: ChannelOpener): PeerLink;
