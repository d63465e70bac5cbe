import { KvError, limits } from '@base-kv/base';
import { v1 } from '@base-kv/protocol';
import { defaultTiming, emptyFrame, helloMetadata, helloPath, pullSnapshotPath, raftPath, SilenceWatch, } from './peer-wire.js';
/** The answering side of peer links, as a service table. */
export function peerService(handlers, options) {
    const timing = { ...defaultTiming, ...options.timing };
    return {
        requestBytesMax: limits.raftFrameBytesMax,
        unary: {
            [helloPath]: (request, _call, reply) => {
                const hello = read(() => v1.HelloRequest.decode(request), 'HelloRequest');
                reply(null, v1.HelloReply.encode(handlers.hello(hello)).finish());
            },
        },
        bidi: {
            [raftPath]: (call, stream) => takeRaftStream(handlers, timing, options.log, call, stream),
        },
        serverStream: {
            [pullSnapshotPath]: async (request, call, stream) => {
                const pull = read(() => v1.PullSnapshotRequest.decode(request), 'PullSnapshotRequest');
                for await (const chunk of handlers.snapshot(pull)) {
                    if (call.cancelled)
                        return;
                    if (!stream.write(v1.SnapshotChunk.encode(chunk).finish()))
                        await stream.drained();
                    if (call.cancelled)
                        return;
                }
                stream.end();
            },
        },
    };
}
function takeRaftStream(handlers, timing, log, call, stream) {
    const bytes = Buffer.from(call.get(helloMetadata) ?? '', 'base64');
    const from = read(() => v1.HelloRequest.decode(bytes), 'HelloRequest');
    const { refused } = handlers.hello(from);
    if (refused)
        throw new KvError('BadRequest', refused);
    const watch = new SilenceWatch(timing.silenceMs);
    const stop = () => clearInterval(timer);
    const timer = setInterval(() => {
        if (watch.silent) {
            stop();
            log.info('a peer fell silent', { peer: from.node, address: from.address });
            stream.fail(new KvError('TryLater', `nothing was heard for ${timing.silenceMs} ms`));
        }
        else
            stream.write(emptyFrame);
    }, timing.heartbeatMs);
    call.onCancel(stop);
    stream.onMessage = (frame) => {
        watch.heard();
        if (frame.length === 0)
            return;
        const { messages } = read(() => v1.RaftFrame.decode(frame), 'RaftFrame');
        // Decoded messages of a frame are whole RaftMessages; the generated types say less.
        handlers.onMessages(from, messages);
    };
    stream.onEnd = stream.onShutdown = () => {
        stop();
        stream.end();
    };
    // The caller calls the link up when this comes.
    stream.write(emptyFrame);
}
function read(decode, what) {
    try {
        return decode();
    }
    catch (cause) {
        throw new KvError('BadRequest', `the bytes are no ${what}`, { cause });
    }
}
//# sourceMappingURL=peer-service.js.map