/**
 * foundation/protocol: the messages of proto/basekv/v1 as protobufjs static code (`npm run proto` makes it anew).
 *
 * 64-bit fields are JavaScript numbers: every such field counts something (terms, indexes, bytes) that stays below 2^53.
 * A `bytes` field of a decoded message is a view on the received buffer: copy it before keeping it.
 */
import './plain-numbers.ts';
export { v1 } from '../generated/basekv.js';
