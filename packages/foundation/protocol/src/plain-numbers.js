/**
 * To be imported before the generated code, which looks at this setting while it loads: without `long` protobufjs reads
 * 64-bit fields as numbers, and their defaults are the number 0.
 */
import protobuf from 'protobufjs/minimal.js';
protobuf.util.Long = null;
protobuf.configure();
//# sourceMappingURL=plain-numbers.js.map