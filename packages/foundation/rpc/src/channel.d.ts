import type { ChannelOptions, RpcChannel } from './channel-types.ts';
export declare function openChannel(address: string, options?: ChannelOptions): RpcChannel;
