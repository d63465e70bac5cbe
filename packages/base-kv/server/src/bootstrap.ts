/**
 * How a new cluster begins. All configured nodes must have met, none of their stores may hold an epoch; then the node
 * with the first address (in order of text) makes the first range with all of them as voters. It serves only once a
 * majority has committed the entry that confirms it, so a second attempt (after the first node's disk was wiped) can
 * never end with two clusters that both serve.
 */
import { KvError, type Log, type Timers } from '@base-kv/base'
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
  const attempt = (): void => {
    const { store, peers } = deps
    if (stopped || store.epoch !== null) return
    if (options.address === first) {
      const others = peers.emptyStores(store.options.name)
      if (others) {
        store.bootstrap([store.id, ...others]).catch((thrown: unknown) => {
          // What fails is a write: it has poisoned the storage, which ends the process.
          if (!(thrown instanceof KvError)) throw thrown
          deps.log.error('could not begin a cluster', { error: thrown.message })
        })
        return
      }
    }
    cancel = deps.timers.after(RETRY_MS, attempt)
  }
  attempt()
  return () => {
    stopped = true
    cancel?.()
  }
}
