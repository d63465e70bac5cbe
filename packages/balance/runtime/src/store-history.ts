/**
 * How stores have behaved, as seen from here: since when each has been there, how often it died lately, since when one is
 * gone. One that comes and goes gets nothing moved to it: a flapping node must not move data.
 *
 * What is there at the first look has been there for an unknown time, which counts as long: a node that starts must not
 * take all others for newcomers.
 */
import type { HostId, StoreId } from '@base-kv/base'
import type { Landscape } from '@base-kv/landscape'

export interface StoreHealth {
  readonly isLive: boolean
  /** Since it came back or its process began anew; since it went, when it is gone. Milliseconds; Infinity: always. */
  readonly forMs: number
  /** It came and went too often, or has not been there for long: nothing is moved to it. */
  readonly isFlapping: boolean
}

interface Known {
  /** Null when it was never seen. */
  readonly host: HostId | null
  readonly isLive: boolean
  readonly sinceMs: number
  readonly deathsMs: readonly number[]
}

export type StoreHistory = ReadonlyMap<StoreId, Known>

/** Deaths within this count. */
const DEATHS_COUNT_FOR_MS = 600_000
const DEATHS_MAX = 1
/** A store that came back after having died is left alone for so long. */
const SETTLES_AFTER_MS = 60_000
/** One that is gone for so long is forgotten. */
const FORGOTTEN_AFTER_MS = 86_400_000

/** @param history of the look before; null at the first one */
export function lookAt(history: StoreHistory | null, landscape: Landscape, nowMs: number): StoreHistory {
  const next = new Map<StoreId, Known>()
  for (const { id, host } of landscape.stores) {
    const known = history?.get(id)
    if (history === null) {
      next.set(id, { host, isLive: true, sinceMs: Number.NEGATIVE_INFINITY, deathsMs: [] })
    } else if (known === undefined) {
      // A newcomer that never died: it may be given something at once.
      next.set(id, { host, isLive: true, sinceMs: nowMs, deathsMs: [] })
    } else if (known.isLive && known.host === host) {
      next.set(id, known)
    } else {
      // A process that began anew died meanwhile, whether or not anybody saw it gone.
      const deathsMs = known.isLive ? [...known.deathsMs, nowMs] : known.deathsMs
      next.set(id, { host, isLive: true, sinceMs: nowMs, deathsMs: recent(deathsMs, nowMs) })
    }
  }
  for (const [id, known] of history ?? []) {
    if (next.has(id)) continue
    if (!known.isLive) {
      if (nowMs - known.sinceMs < FORGOTTEN_AFTER_MS) next.set(id, known)
    } else {
      next.set(id, { ...known, isLive: false, sinceMs: nowMs, deathsMs: recent([...known.deathsMs, nowMs], nowMs) })
    }
  }
  for (const id of membersOf(landscape)) {
    // Never seen from here, perhaps only because this node has just begun: gone from now on, not since ever.
    if (!next.has(id)) next.set(id, { host: null, isLive: false, sinceMs: nowMs, deathsMs: [] })
  }
  return next
}

/** Stores that should have a replica of something. */
function membersOf(landscape: Landscape): Set<StoreId> {
  const members = new Set<StoreId>()
  for (const { ranges } of landscape.stores) {
    for (const { role, config } of ranges) {
      if (role !== 'Leader') continue
      for (const id of config.voters) members.add(id)
      for (const id of config.learners) members.add(id)
    }
  }
  return members
}

export function healthOf(history: StoreHistory, nowMs: number): ReadonlyMap<StoreId, StoreHealth> {
  const health = new Map<StoreId, StoreHealth>()
  for (const [id, { isLive, sinceMs, deathsMs }] of history) {
    const deaths = recent(deathsMs, nowMs).length
    const forMs = nowMs - sinceMs
    const isFlapping = deaths > DEATHS_MAX || (deaths > 0 && forMs < SETTLES_AFTER_MS)
    health.set(id, { isLive, forMs, isFlapping })
  }
  return health
}

const recent = (deathsMs: readonly number[], nowMs: number): readonly number[] =>
  deathsMs.filter((atMs) => nowMs - atMs < DEATHS_COUNT_FOR_MS).slice(-8)
