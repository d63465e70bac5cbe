/** grpc.health.v1.Health: Check, Watch, List. Three messages of one field each, so they are read and written by hand. */
import { KvError } from '@base-kv/base';
import protobuf from 'protobufjs/minimal.js';
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
export function healthService() {
    const statuses = new Map();
    const watchers = new Map();
    const statusOf = (service) => statuses.get(service) ?? SERVICE_UNKNOWN;
    const table = {
        requestBytesMax: 4096,
        unary: {
            '/grpc.health.v1.Health/Check': (request, _call, reply) => {
                const service = readService(request);
                if (!statuses.has(service))
                    return reply(new KvError('NotFound', `no service "${service}" here`));
                reply(null, response(statusOf(service)));
            },
            '/grpc.health.v1.Health/List': (_request, _call, reply) => {
                const writer = protobuf.Writer.create();
                for (const [service, status] of statuses) {
                    // map<string, HealthCheckResponse> statuses = 1
                    writer.uint32(0x0a).fork().uint32(0x0a).string(service).uint32(0x12).bytes(response(status)).ldelim();
                }
                reply(null, writer.finish());
            },
        },
        serverStream: {
            '/grpc.health.v1.Health/Watch': (request, call, stream) => {
                const service = readService(request);
                watchers.set(stream, service);
                call.onCancel(() => watchers.delete(stream));
                stream.write(response(statusOf(service)));
            },
        },
    };
    return {
        table,
        set(service, serving) {
            const status = serving ? SERVING : NOT_SERVING;
            if (statuses.get(service) === status)
                return;
            statuses.set(service, status);
            for (const [stream, watched] of watchers)
                if (watched === service)
                    stream.write(response(status));
        },
    };
}
/** HealthCheckRequest: string service = 1. */
function readService(request) {
    try {
        const reader = protobuf.Reader.create(request);
        let service = '';
        while (reader.pos < reader.len) {
            const tag = reader.uint32();
            if (tag === 0x0a)
                service = reader.string();
            else
                reader.skipType(tag & 7);
        }
        return service;
    }
    catch {
        throw new KvError('BadRequest', 'the request is no HealthCheckRequest');
    }
}
/** HealthCheckResponse: ServingStatus status = 1. */
function response(status) {
    return Uint8Array.of(0x08, status);
}
//# sourceMappingURL=health.js.map