/**
 * Server reflection (v1 and v1alpha), so that tools know the methods without the .proto files. @grpc/reflection does the
 * work behind a stand-in for the server that it expects; it is loaded at the first question, because it costs memory
 * and time that most nodes never need.
 */
import { KvError, toKvError } from '@base-kv/base';
import { EventEmitter } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
const paths = [
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];
/** As far from src/ as from dist/. */
const protoFolder = fileURLToPath(new URL('../../../../proto/', import.meta.url));
/** What @grpc/reflection uses of a grpc-js stream. */
class StreamFace extends EventEmitter {
    write;
    end;
    constructor(stream, method) {
        super();
        this.write = (message) => void stream.write(method.responseSerialize(message));
        this.end = () => stream.end();
        stream.onMessage = (request) => void this.emit('data', method.requestDeserialize(request));
        stream.onEnd = () => void this.emit('end');
    }
}
export function reflectionService(log) {
    let loaded;
    const handler = (call, stream) => {
        stream.pause();
        stream.onShutdown = () => stream.end();
        loaded ??= load();
        loaded.then((answers) => {
            answers.get(call.path)?.(stream);
            stream.resume();
        }, (thrown) => {
            log.warn('reflection is not available', { reason: toKvError(thrown).message });
            stream.fail(new KvError('Unimplemented', 'reflection is not available on this server'));
        });
    };
    return { requestBytesMax: 64 * 1024, bidi: Object.fromEntries(paths.map((path) => [path, handler])) };
}
async function load() {
    const [{ ReflectionService }, { load: loadProto }] = await Promise.all([
        import('@grpc/reflection'),
        import('@grpc/proto-loader'),
    ]);
    const own = readdirSync(protoFolder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.proto'));
    const health = createRequire(import.meta.url).resolve('grpc-health-check/proto/health/v1/health.proto');
    const definition = await loadProto([...own, health], { includeDirs: [protoFolder], keepCase: true });
    const answers = new Map();
    const standIn = {
        addService(methods, implementation) {
            for (const [name, method] of Object.entries(methods)) {
                answers.set(method.path, (stream) => implementation[name]?.(new StreamFace(stream, method)));
            }
        },
    };
    new ReflectionService(definition).addToServer(standIn);
    return answers;
}
//# sourceMappingURL=reflection.js.map