/** The frame of `message`, one buffer. */
export declare function frameMessage(message: Uint8Array): Buffer;
/** Only the prefix, for large messages that are not worth a copy. */
export declare function framePrefix(length: number): Buffer;
export declare class MessageReader {
    #private;
    constructor(bytesMax: number);
    push(chunk: Buffer): void;
    /** The next whole message, or undefined. @throws KvError BadRequest when it is too large, Unimplemented when compressed */
    next(): Buffer | undefined;
    /** Whether a message has begun and not ended: a stream that ends here was cut off. */
    get partial(): boolean;
}
