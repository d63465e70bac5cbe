/** cluster/overlay: the cluster as one node sees it. Start with overlay.ts. */
export { clusterService } from './cluster-service.ts'
export { type CoreOutput, DEAD_KEPT_MS, GossipCore, type GossipCoreOptions } from './gossip-core.ts'
export type { DescribedRange, DescribedStore } from './landscape-entries.ts'
export type { LandscapePicture, PicturedStore } from './landscape-picture.ts'
export { type BalancerState, Overlay, type OverlayDeps, type OverlayOptions } from './overlay.ts'
