/** The service tables of a server, looked up by path: one Map lookup a call. */
import { KvError } from '@base-kv/base';
/** @throws KvError BadConfig when two tables offer one path */
export function methodTable(services, requestBytesMaxDefault) {
    const methods = new Map();
    const add = (method) => {
        if (methods.has(method.path))
            throw new KvError('BadConfig', `two services offer ${method.path}`);
        methods.set(method.path, method);
    };
    for (const service of services) {
        const requestBytesMax = service.requestBytesMax ?? requestBytesMaxDefault;
        for (const [path, handler] of Object.entries(service.unary ?? {})) {
            add({ path, requestBytesMax, kind: 'unary', handler });
        }
        for (const [path, handler] of Object.entries(service.serverStream ?? {})) {
            add({ path, requestBytesMax, kind: 'serverStream', handler });
        }
        for (const [path, handler] of Object.entries(service.bidi ?? {})) {
            add({ path, requestBytesMax, kind: 'bidi', handler });
        }
    }
    return methods;
}
//# sourceMappingURL=method-table.js.map