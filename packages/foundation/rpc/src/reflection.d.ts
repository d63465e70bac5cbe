/**
 * Server reflection (v1 and v1alpha), so that tools know the methods without the .proto files. @grpc/reflection does the
 * work behind a stand-in for the server that it expects; it is loaded at the first question, because it costs memory
 * and time that most nodes never need.
 */
import { type Log } from '@base-kv/base';
import type { ServiceTable } from './service-table.ts';
export declare function reflectionService(log: Log): ServiceTable;
