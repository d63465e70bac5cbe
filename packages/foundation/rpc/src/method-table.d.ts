import type { BidiHandler, ServerStreamHandler, ServiceTable, UnaryHandler } from './service-table.ts';
export type Method = {
    readonly path: string;
    readonly requestBytesMax: number;
} & ({
    readonly kind: 'unary';
    readonly handler: UnaryHandler;
} | {
    readonly kind: 'serverStream';
    readonly handler: ServerStreamHandler;
} | {
    readonly kind: 'bidi';
    readonly handler: BidiHandler;
});
export type MethodTable = ReadonlyMap<string, Method>;
/** @throws KvError BadConfig when two tables offer one path */
export declare function methodTable(services: readonly ServiceTable[], requestBytesMaxDefault: number): MethodTable;
