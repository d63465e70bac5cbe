/**
 * The landscape as this node holds it: an immutable picture of all stores, drawn anew when entries changed. A store may be
 * described by two hosts, its former process and the present one: a live host's words win, then the later ones.
 */
import type { HostId } from '@base-kv/base'
import type { OwnedMaps } from '@base-kv/crdt'
import { v1 } from '@base-kv/protocol'
import { type DescribedRange, type DescribedStore, parseEntryKey } from './landscape-entries.ts'

export interface PicturedStore {
  readonly host: HostId
  /** Whether its host is alive, or at most suspect. */
  readonly live: boolean
  /** With ranges and numbers. */
  readonly descriptor: Readonly<DescribedStore>
}

export interface LandscapePicture {
  /** Sorted by store id. */
  readonly stores: readonly PicturedStore[]
}

interface Gathered {
  readonly host: HostId
  readonly live: boolean
  readonly version: bigint
  store: DescribedStore | undefined
  numbers: DescribedStore
  readonly ranges: Map<string, DescribedRange>
  readonly rangeNumbers: Map<string, DescribedRange>
}

export function drawPicture(maps: OwnedMaps, isLive: (host: HostId) => boolean): LandscapePicture {
  const chosen = new Map<string, Gathered>()
  for (const owner of maps.owners) {
    for (const [id, gathered] of gather(maps, owner, isLive(owner))) {
      const other = chosen.get(id)
      if (gathered.store && (!other || wins(gathered, other))) chosen.set(id, gathered)
    }
  }
  const stores = [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { host, live, store, numbers, ranges, rangeNumbers }]) => ({
      host,
      live,
      descriptor: Object.freeze({
        ...store,
        ...numbers,
        ranges: [...ranges].map(([id, range]) => ({ ...range, ...rangeNumbers.get(id) })),
      }),
    }))
  return Object.freeze({ stores: Object.freeze(stores) })
}

const wins = (a: Gathered, b: Gathered): boolean => (a.live === b.live ? a.version > b.version : a.live)

function gather(maps: OwnedMaps, owner: HostId, live: boolean): Map<string, Gathered> {
  const stores = new Map<string, Gathered>()
  const version = maps.version(owner)
  for (const [key, value] of maps.get(owner)?.values() ?? []) {
    const parsed = parseEntryKey(key)
    if (!parsed) continue
    let gathered = stores.get(parsed.store)
    if (!gathered) {
      gathered = {
        host: owner,
        live,
        version,
        store: undefined,
        numbers: {},
        ranges: new Map(),
        rangeNumbers: new Map(),
      }
      stores.set(parsed.store, gathered)
    }
    // What somebody else wrote may be anything.
    try {
      switch (parsed.kind) {
        case 's':
          gathered.store = present(v1.StoreDescriptor.decode(value))
          break
        case 't':
          gathered.numbers = present(v1.StoreDescriptor.decode(value))
          break
        case 'r':
          gathered.ranges.set(parsed.range, present(v1.RangeDescriptor.decode(value)))
          break
        case 'u':
          gathered.rangeNumbers.set(parsed.range, present(v1.RangeDescriptor.decode(value)))
      }
    } catch {
      // An entry that cannot be read is no entry.
    }
  }
  return stores
}

/** Only the fields that were written: two halves of one descriptor lie over one another without the other's defaults. */
function present<T extends object>(message: T): T {
  return Object.fromEntries(
    Object.entries(message).filter(([, value]) => {
      if (Array.isArray(value)) return value.length > 0
      return typeof value !== 'object' || value === null || Object.keys(value).length > 0
    }),
  ) as T
}
