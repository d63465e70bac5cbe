import { type Clock, KvError, type Log, type Random, type Timers, limits, silentLog } from '@base-kv/base'
import {
  type ChannelOptions,
  type RpcChannel,
  type TlsOptions,
  formatAddress,
  openChannel,
  parseAddress,
} from '@base-kv/rpc'

/**
 * How fresh a read is. `linearizable` sees every write acknowledged before it began; `lease` the same while clocks run
 * evenly, without asking the other voters; `stale` is what the node asked has applied, and may go backwards.
 */
export type Consistency = 'linearizable' | 'lease' | 'stale'

/** Text is taken as UTF-8. */
export type Bytes = Uint8Array | string

export interface ClientOptions {
  /** `host:port` of some nodes; one that answers is enough, the others are learnt. */
  readonly endpoints: readonly string[]
  /** Default "kv.store". */
  readonly storeName?: string
  /** Set: mutual TLS. */
  readonly tls?: TlsOptions
  /** How long one call may take, retries included; of a scan, one page. Default 5,000. */
  readonly timeoutMs?: number
  /** How long to go on when not one node can be reached; then `Unreachable`. Default 1,000. */
  readonly unreachablePatienceMs?: number
  /** How long a connection may take to stand. Default 2,000. */
  readonly connectTimeoutMs?: number
  /** A connection on which nothing at all comes back for this long, pings neither, is given up. Default 2,000. */
  readonly stuckMs?: number
  /**
   * An operation without an answer for this long is sent once more. Not shorter than nodes wait for a leader (3,000), else
   * what they would have refused in the end has become unknown. Default 4,000.
   */
  readonly attemptTimeoutMs?: number
  /** What the cluster is configured to take; default `limits.valueBytesMax`. */
  readonly valueBytesMax?: number
  /** Operations under way at once; beyond it calls fail with TryLater. Default `limits.pipelineInFlightMax`. */
  readonly inFlightMax?: number
  readonly log?: Log
}

export interface CallOptions {
  readonly timeoutMs?: number
}

export interface ReadOptions extends CallOptions {
  /** Default "linearizable". */
  readonly consistency?: Consistency
}

/** The doors to time, chance and network; tests bring their own. */
export interface ClientDeps {
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  openChannel(address: string, options: ChannelOptions): RpcChannel
}

export interface Settings {
  readonly endpoints: readonly string[]
  readonly storeName: string
  readonly tls: TlsOptions | undefined
  readonly timeoutMs: number
  readonly unreachablePatienceMs: number
  readonly connectTimeoutMs: number
  readonly stuckMs: number
  readonly attemptTimeoutMs: number
  readonly valueBytesMax: number
  readonly inFlightMax: number
  readonly log: Log
}

/** @throws KvError BadConfig */
export function readSettings(options: ClientOptions): Settings {
  const endpoints = [...new Set(options.endpoints.map((text) => formatAddress(parseAddress(text))))]
  if (endpoints.length === 0) throw new KvError('BadConfig', 'no endpoints given', { hint: 'name one node, host:port' })
  const settings: Settings = {
    endpoints,
    storeName: options.storeName ?? 'kv.store',
    tls: options.tls,
    timeoutMs: options.timeoutMs ?? 5_000,
    unreachablePatienceMs: options.unreachablePatienceMs ?? 1_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
    stuckMs: options.stuckMs ?? 2_000,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 4_000,
    valueBytesMax: options.valueBytesMax ?? limits.valueBytesMax,
    inFlightMax: options.inFlightMax ?? limits.pipelineInFlightMax,
    log: options.log ?? silentLog,
  }
  checkRange('timeoutMs', settings.timeoutMs, 1, 24 * 3_600_000)
  checkRange('unreachablePatienceMs', settings.unreachablePatienceMs, 0, 24 * 3_600_000)
  checkRange('connectTimeoutMs', settings.connectTimeoutMs, 1, 600_000)
  checkRange('stuckMs', settings.stuckMs, 50, 600_000)
  checkRange('attemptTimeoutMs', settings.attemptTimeoutMs, 50, 600_000)
  checkRange('valueBytesMax', settings.valueBytesMax, 0, limits.valueBytesCeiling)
  checkRange('inFlightMax', settings.inFlightMax, 1, limits.pipelineInFlightMax)
  return settings
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new KvError('BadConfig', `${name} is ${value}`, { hint: `give a number from ${least} to ${most}` })
}

export const realDeps: ClientDeps = {
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  random: { below: (bound) => Math.floor(Math.random() * bound) },
  timers: {
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  },
  openChannel,
}
