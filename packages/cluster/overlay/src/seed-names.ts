/**
 * Seeds as they were configured become addresses to dial: names are resolved anew for ever, all addresses behind a name are
 * seeds. A name that does not resolve is said once, and once more when it does.
 */
import type { Log, Timers } from '@base-kv/base'
import type { HostNames } from './host-names.ts'

const AGAIN_MS = 30_000
const FAILED_AGAIN_MS = 2_000

export function watchSeeds(
  seeds: readonly string[],
  deps: { readonly names: HostNames; readonly timers: Timers; readonly log: Log; found(addresses: string[]): void },
): () => void {
  const unresolved = new Set<string>()
  let stopped = false
  let cancel: () => void = () => {}
  const look = async (): Promise<void> => {
    const found: string[] = []
    for (const seed of seeds) {
      const addresses = await deps.names.all(seed)
      found.push(...addresses)
      if (addresses.length === 0 && !unresolved.has(seed)) {
        unresolved.add(seed)
        deps.log.warn('a seed’s name does not resolve; it is asked for again for ever', { seed })
      } else if (addresses.length > 0 && unresolved.delete(seed)) deps.log.info('a seed’s name resolves now', { seed })
    }
    if (stopped) return
    deps.found(found)
    cancel = deps.timers.after(unresolved.size > 0 ? FAILED_AGAIN_MS : AGAIN_MS, () => void look())
  }
  void look()
  return () => {
    stopped = true
    cancel()
  }
}
