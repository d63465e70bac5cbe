import type { HostId } from '@base-kv/base'

export interface SwimOptions {
  /** This run of this process; new at every start. */
  readonly host: HostId
  /** `host:port` that others send to. */
  readonly address: string
  /** Packets of a cluster with another name are dropped. */
  readonly cluster: string
  readonly timing?: Partial<SwimTiming>
}

/**
 * Every time in milliseconds of undisturbed local running. With n members, from the death of one until the last has
 * noticed: wait for a probe (about 1 interval) + probeTimeoutMs + fallbackTimeoutMs + suspicion + spreading
 * (gossipIntervalMs * log2 n). Shorter times notice sooner and take more slow processes for dead.
 */
export interface SwimTiming {
  /** One member is probed each. Traffic a node is inversely proportional. 100..10,000. */
  readonly probeIntervalMs: number
  /** A direct probe that is not answered by then is repeated through others and over the reliable channel. */
  readonly probeTimeoutMs: number
  /** How long the repeated probes have. Only when all fail the member becomes suspect. */
  readonly fallbackTimeoutMs: number
  /** How many others are asked to probe. */
  readonly indirectProbes: number
  /** A suspect is declared dead after this * max(1, log10 n) * probeIntervalMs when others confirm the suspicion … */
  readonly suspicionMult: number
  /** … and after this many times as long when nobody does. */
  readonly suspicionMaxMult: number
  /** A slow process multiplies its own probe times by up to this, so that it does not blame others for its slowness. */
  readonly healthMax: number
  readonly gossipIntervalMs: number
  /** Members that get what is new at each interval. */
  readonly gossipFanout: number
  /** Each piece of news is sent this * ceil(log2(n + 1)) times by each node. */
  readonly retransmitMult: number
  /** Whole tables are compared with one random member, to repair what gossip missed. */
  readonly syncIntervalMs: number
  /** One dead member is dialled each, in turn, for ever: this is how partitions heal. */
  readonly redialIntervalMs: number
  /** Back-off of a seed that does not answer; it never ends. */
  readonly seedRetryMinMs: number
  readonly seedRetryMaxMs: number
  /** A leaving node goes on spreading the news for so long. */
  readonly leaveSpreadMs: number
}

export const defaultSwimTiming: SwimTiming = {
  probeIntervalMs: 400,
  probeTimeoutMs: 200,
  fallbackTimeoutMs: 600,
  indirectProbes: 3,
  suspicionMult: 3,
  suspicionMaxMult: 6,
  healthMax: 8,
  gossipIntervalMs: 100,
  gossipFanout: 3,
  retransmitMult: 3,
  syncIntervalMs: 30_000,
  redialIntervalMs: 2_000,
  seedRetryMinMs: 250,
  seedRetryMaxMs: 10_000,
  leaveSpreadMs: 600,
}
