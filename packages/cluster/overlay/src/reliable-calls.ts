/**
 * Gossip's calls over gRPC, each address with a channel of its own: a snapshot under way on the peers' links must not make
 * a probe late. Channels that nobody used for a minute are closed.
 */
import { type HostId, hostId, type Log } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { openChannel, type RpcChannel, type TlsOptions } from '@base-kv/rpc'
import type { Seal } from './seal.ts'

export const PROBE_PATH = '/basekv.v1.Gossip/Probe'
export const SYNC_PATH = '/basekv.v1.Gossip/Sync'
export const DELIVER_PATH = '/basekv.v1.Gossip/Deliver'

const SYNC_WITHIN_MS = 5_000
const DELIVER_WITHIN_MS = 10_000
const CHANNEL_KEPT_MS = 60_000
/** Large messages on their way to one member; further ones are dropped, comparing makes up for them. */
const DELIVERIES_MAX = 4

interface Used {
  readonly channel: RpcChannel
  usedMs: number
  deliveries: number
}

export class ReliableCalls {
  readonly #seal: Seal
  readonly #tls: TlsOptions | undefined
  readonly #log: Log
  readonly #nowMs: () => number
  readonly #channels = new Map<string, Used>()
  #closed = false

  constructor(deps: { readonly seal: Seal; readonly tls: TlsOptions | undefined; readonly log: Log; nowMs(): number }) {
    this.#seal = deps.seal
    this.#tls = deps.tls
    this.#log = deps.log
    this.#nowMs = () => deps.nowMs()
  }

  /** Who answers there; null when nobody does in time. */
  async probe(address: string, timeoutMs: number): Promise<HostId | null> {
    try {
      const reply = await this.#to(address).channel.unary(PROBE_PATH, new Uint8Array(0), { deadlineMs: timeoutMs })
      const { hostId: host } = v1.GossipProbeReply.decode(reply)
      return host.length > 0 && host.length <= 64 ? hostId(host) : null
    } catch {
      return null
    }
  }

  async sync(address: string, table: Uint8Array): Promise<{ reply: Uint8Array } | { failed: string }> {
    try {
      const request = v1.GossipSyncRequest.encode({ table: this.#seal.close(table) }).finish()
      const bytes = await this.#to(address).channel.unary(SYNC_PATH, request, { deadlineMs: SYNC_WITHIN_MS })
      const { table: sealed, refused } = v1.GossipSyncReply.decode(bytes)
      if (refused) return { failed: refused }
      const reply = this.#seal.open(sealed)
      return reply ? { reply } : { failed: 'it answers with another cluster.secret' }
    } catch (thrown) {
      return { failed: thrown instanceof Error ? thrown.message : String(thrown) }
    }
  }

  deliver(address: string, from: HostId, message: Uint8Array): void {
    const used = this.#to(address)
    if (used.deliveries >= DELIVERIES_MAX) return
    used.deliveries++
    const request = v1.GossipDeliverRequest.encode({ from, message: this.#seal.close(message) }).finish()
    used.channel
      .unary(DELIVER_PATH, request, { deadlineMs: DELIVER_WITHIN_MS })
      .catch((thrown: unknown) => this.#log.debug('a large message was lost', { address, error: String(thrown) }))
      .finally(() => used.deliveries--)
  }

  /** To be called now and then. */
  closeUnused(): void {
    for (const [address, { channel, usedMs, deliveries }] of this.#channels) {
      if (deliveries > 0 || this.#nowMs() - usedMs < CHANNEL_KEPT_MS) continue
      channel.close()
      this.#channels.delete(address)
    }
  }

  close(): void {
    this.#closed = true
    for (const { channel } of this.#channels.values()) channel.close()
    this.#channels.clear()
  }

  #to(address: string): Used {
    let used = this.#channels.get(address)
    if (!used) {
      const channel = openChannel(address, { log: this.#log, ...(this.#tls ? { tls: this.#tls } : {}) })
      used = { channel, usedMs: 0, deliveries: 0 }
      if (!this.#closed) this.#channels.set(address, used)
    }
    used.usedMs = this.#nowMs()
    return used
  }
}
