/**
 * KvError to gRPC status and back. The status number alone says too little (UNAVAILABLE is both "try later" and "nobody
 * there"), so the trailers `base-kv-code` and `base-kv-hint` carry the rest. A status without them comes from something
 * that is not base-kv, a proxy for instance, and proves nothing about whether a request was applied.
 */
import { KvError } from '@base-kv/base';
type Headers = Readonly<Record<string, string | string[] | number | undefined>>;
/** The trailers of a failed call. */
export declare function statusTrailers(error: KvError): Record<string, string>;
/** What a call's trailers say: undefined is success. */
export declare function kvErrorFromStatus(trailers: Headers): KvError | undefined;
export {};
