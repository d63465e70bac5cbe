/** cluster/overlay: the cluster as one node sees it. */
export { type CoreOutput, DEAD_KEPT_MS, GossipCore, type GossipCoreOptions } from './gossip-core.ts'
