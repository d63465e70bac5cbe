/**
 * KvError to gRPC status and back. The status number alone says too little (UNAVAILABLE is both "try later" and "nobody
 * there"), so the trailers `base-kv-code` and `base-kv-hint` carry the rest. A status without them comes from something
 * that is not base-kv, a proxy for instance, and proves nothing about whether a request was applied.
 */
import { errorCodes, KvError } from '@base-kv/base';
const codeTrailer = 'base-kv-code';
const hintTrailer = 'base-kv-hint';
/** Longer texts are cut: a header block has a limit, and a reader too. */
const TEXT_CHARS_MAX = 1024;
/** The trailers of a failed call. */
export function statusTrailers(error) {
    const trailers = {
        'grpc-status': String(errorCodes[error.code].grpc),
        'grpc-message': encodeText(error.message),
        [codeTrailer]: error.code,
    };
    if (error.hint !== undefined)
        trailers[hintTrailer] = encodeText(error.hint);
    return trailers;
}
/** What a call's trailers say: undefined is success. */
export function kvErrorFromStatus(trailers) {
    const status = Number(trailers['grpc-status']);
    if (status === 0)
        return undefined;
    const message = decodeText(text(trailers['grpc-message']) ?? '') || `gRPC status ${status}`;
    const hint = text(trailers[hintTrailer]);
    const code = text(trailers[codeTrailer]);
    return new KvError(isCode(code) ? code : foreignCode(status), message, hint === undefined ? {} : { hint: decodeText(hint) });
}
function isCode(code) {
    return code !== undefined && Object.hasOwn(errorCodes, code);
}
function foreignCode(status) {
    switch (status) {
        case 1:
            return 'Cancelled';
        case 3:
            return 'BadRequest';
        case 4:
            return 'DeadlineExceeded';
        case 5:
            return 'NotFound';
        case 12:
            return 'Unimplemented';
        case 7:
        case 16:
            return 'Unauthenticated';
        case 2:
        case 8:
        case 10:
        case 14:
            return 'OutcomeUnknown';
        default:
            return 'InternalError';
    }
}
/** Percent-encoding of gRPC: printable ASCII except `%` stays. */
function encodeText(value) {
    const cut = value.length > TEXT_CHARS_MAX ? `${value.slice(0, TEXT_CHARS_MAX)}…` : value;
    if (/^[\x20-\x24\x26-\x7e]*$/.test(cut))
        return cut;
    return Array.from(Buffer.from(cut), (byte) => byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
function decodeText(value) {
    if (!value.includes('%'))
        return value;
    const bytes = value.replace(/%([0-9a-fA-F]{2})|[^\x00-\x7f]/g, (_, hex) => hex === undefined ? '?' : String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
}
function text(value) {
    const first = Array.isArray(value) ? value[0] : value;
    return first === undefined ? undefined : String(first);
}
//# sourceMappingURL=status.js.map