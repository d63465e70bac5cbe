/** app/daemon: one node as a process. Start with node.ts. */
export * from './config/index.ts'
export { openLog } from './node-log.ts'
export { type NodeDeps, type RunningNode, startNode, VERSION } from './node.ts'
export * from './run-node.ts'
