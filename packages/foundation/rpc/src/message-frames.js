/**
 * gRPC's message frames: one byte "compressed", four bytes length, the message. Chunks come as the socket gives them.
 * A message that lies in one chunk is a view on it; one that spans chunks is copied once into a buffer of its own size.
 */
import { KvError } from '@base-kv/base';
const PREFIX_BYTES = 5;
const EMPTY = Buffer.alloc(0);
const EMPTY_FRAME = Buffer.alloc(PREFIX_BYTES);
/** The frame of `message`, one buffer. */
export function frameMessage(message) {
    const length = message.length;
    if (length === 0)
        return EMPTY_FRAME;
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + length);
    writePrefix(frame, length);
    frame.set(message, PREFIX_BYTES);
    return frame;
}
/** Only the prefix, for large messages that are not worth a copy. */
export function framePrefix(length) {
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
    writePrefix(prefix, length);
    return prefix;
}
function writePrefix(target, length) {
    target[0] = 0;
    target.writeUInt32BE(length, 1);
}
export class MessageReader {
    #bytesMax;
    /** What has come and was not taken yet; `#offset` is where the next byte stands. */
    #chunk = EMPTY;
    #offset = 0;
    /** A message under assembly. Invariant: `#chunk` is used up while it is set and not full. */
    #message;
    #filled = 0;
    constructor(bytesMax) {
        this.#bytesMax = bytesMax;
    }
    push(chunk) {
        if (this.#offset === this.#chunk.length) {
            this.#chunk = chunk;
        }
        else {
            this.#chunk = Buffer.concat([this.#chunk.subarray(this.#offset), chunk]);
        }
        this.#offset = 0;
    }
    /** The next whole message, or undefined. @throws KvError BadRequest when it is too large, Unimplemented when compressed */
    next() {
        if (this.#message !== undefined)
            return this.#fill(this.#message);
        const left = this.#chunk.length - this.#offset;
        if (left < PREFIX_BYTES)
            return undefined;
        if (this.#chunk[this.#offset] !== 0) {
            throw new KvError('Unimplemented', 'the message is compressed', { hint: 'send messages uncompressed' });
        }
        const length = this.#chunk.readUInt32BE(this.#offset + 1);
        if (length > this.#bytesMax) {
            throw new KvError('BadRequest', `a message of ${length} bytes is over the limit of ${this.#bytesMax}`);
        }
        const start = this.#offset + PREFIX_BYTES;
        if (start + length <= this.#chunk.length) {
            this.#offset = start + length;
            return this.#chunk.subarray(start, this.#offset);
        }
        this.#offset = start;
        this.#message = Buffer.allocUnsafe(length);
        this.#filled = 0;
        return this.#fill(this.#message);
    }
    /** Whether a message has begun and not ended: a stream that ends here was cut off. */
    get partial() {
        return this.#message !== undefined || this.#offset < this.#chunk.length;
    }
    #fill(message) {
        const copied = this.#chunk.copy(message, this.#filled, this.#offset);
        this.#filled += copied;
        this.#offset += copied;
        if (this.#filled < message.length)
            return undefined;
        this.#message = undefined;
        return message;
    }
}
//# sourceMappingURL=message-frames.js.map