/** testing/bench: what `npm run bench` measures, against etcd, on this machine. Start with run-bench.ts. */
export { runBench } from './run-bench.ts'
export { parseOptions } from './options.ts'
