/**
 * How a new cluster begins. All configured nodes must have met, none of their stores may hold an epoch; then the node
 * with the first address (in order of text) makes the first range with all of them as voters. It serves only once a
 * majority has committed the entry that confirms it, so a second attempt (after the first node's disk was wiped) can
 * never end with two clusters that both serve.
 */
import type { Log, Timers } from '@base-kv/base'
import { storeId } from '@base-kv/base'
import type { Store } from '@base-kv/store'
import type { NodePeers } from './node-peers.ts'

const RETRY_MS = 50

export interface BootstrapOptions {
  readonly address: string
  readonly peers: readonly string[]
}

/** Tries until the store holds an epoch, its own or another's; returns what stops it. */
export function bootstrapWhenEmpty(
  options: BootstrapOptions,
  deps: { readonly store: Store; readonly peers: NodePeers; readonly timers: Timers; readonly log: Log },
): () => void {
  const first = [...options.peers].sort()[0] ?? options.address
  let cancel: (() => void) | null = null
  let stopped = false
  const attempt = async (): Promise<void> => {
    const { store, peers } = deps
    if (stopped || store.epoch !== null) return
    if (options.address === first) {
      const others = peers.allConnected(store.options.name)
      if (others?.every((other) => !other.epoch)) {
        await store.bootstrap([store.id, ...others.map((other) => storeId(other.id ?? ''))])
        return
      }
    }
    cancel = deps.timers.after(RETRY_MS, () => void attempt())
  }
  void attempt()
  return () => {
    stopped = true
    cancel?.()
  }
}
