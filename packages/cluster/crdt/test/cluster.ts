/** Some replicas whose messages the test delivers, loses, repeats and swaps. */
import { type HostId, hostId, type Random } from '@base-kv/base'
import { HybridClock } from '@base-kv/hlc'
import { seededRandom } from '@base-kv/test-kit'
import { defaultReplicatorOptions, Replicator } from '../src/index.ts'

export interface Replica {
  readonly host: HostId
  readonly replicator: Replicator
  readonly gone: Set<HostId>
}

export class Cluster {
  readonly replicas: Replica[]
  readonly random: Random
  nowMs = 1_000_000
  lossPercent = 0
  messages = 0
  #pending: { readonly to: HostId; readonly from: HostId; readonly bytes: Uint8Array }[] = []

  constructor(options: { readonly count: number; readonly seed: number; readonly skewMs?: readonly number[] }) {
    this.random = seededRandom(options.seed)
    const hosts = Array.from({ length: options.count }, (_, i) => hostId(`h${i + 1}`))
    this.replicas = hosts.map((host, i) => {
      const gone = new Set<HostId>()
      const wallMs = () => this.nowMs + 1_700_000_000_000 + (options.skewMs?.[i] ?? 0)
      const clock = new HybridClock({}, { clock: { wallMs, monotonicMs: () => this.nowMs } })
      const deps = { clock, random: this.random, accepts: (owner: HostId) => !gone.has(owner) }
      return { host, gone, replicator: new Replicator({ ...defaultReplicatorOptions, host }, deps) }
    })
    for (const { host, replicator } of this.replicas) replicator.setPeers(hosts.filter((one) => one !== host))
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    while (this.nowMs < end) {
      this.nowMs += 50
      for (const { host, replicator } of this.replicas) {
        replicator.tick(this.nowMs)
        this.#collect(host, replicator)
      }
      const due = this.#pending
      this.#pending = []
      for (const { to, from, bytes } of due) {
        if (this.random.below(100) < this.lossPercent) continue
        if (this.lossPercent > 0 && this.random.below(4) === 0) {
          this.#pending.push({ to, from, bytes })
          if (this.random.below(2) === 0) continue
        }
        const there = this.replicas.find(({ host }) => host === to)
        there?.replicator.receive(from, bytes)
        if (there) this.#collect(there.host, there.replicator)
      }
    }
  }

  /** What a replica holds, as plain text: owner, key, value; then registers. */
  seen({ replicator }: Replica): string[] {
    const lines: string[] = []
    for (const owner of replicator.maps.owners) {
      for (const [key, value] of replicator.maps.get(owner)!.values()) lines.push(`${owner} ${key} ${[...value]}`)
    }
    for (const [key, { edit, host, value }] of replicator.registers.entries) {
      lines.push(`register ${key} ${edit} ${host} ${[...value]}`)
    }
    return lines.sort()
  }

  equal(): boolean {
    return new Set(this.replicas.map((replica) => this.seen(replica).join('\n'))).size === 1
  }

  #collect(host: HostId, replicator: Replicator): void {
    for (const { to, bytes } of replicator.take().messages) {
      this.messages++
      this.#pending.push({ to, from: host, bytes })
    }
  }
}
