import type { BidiEvents, ClientBidi } from './channel-types.ts';
/** Turns a call into an iterable that holds the sender back while its reader is busy. The call begins with the loop. */
export declare function pullMessages(begin: (events: BidiEvents) => ClientBidi): AsyncGenerator<Buffer, void, void>;
