/** The maps of all owners, as one replica holds them. */
import type { HostId } from '@base-kv/base'
import { OwnedMap } from './owned-map.ts'

export class OwnedMaps {
  readonly #maps = new Map<HostId, OwnedMap>()

  get size(): number {
    return this.#maps.size
  }

  get owners(): Iterable<HostId> {
    return this.#maps.keys()
  }

  get(owner: HostId): OwnedMap | undefined {
    return this.#maps.get(owner)
  }

  /** Makes it when it is new. */
  of(owner: HostId): OwnedMap {
    const known = this.#maps.get(owner)
    if (known) return known
    const map = new OwnedMap()
    this.#maps.set(owner, map)
    return map
  }

  version(owner: HostId): bigint {
    return this.#maps.get(owner)?.version ?? 0n
  }

  /** @returns the keys that are gone with it */
  drop(owner: HostId): string[] {
    const map = this.#maps.get(owner)
    this.#maps.delete(owner)
    return map ? [...map.values()].map(([key]) => key) : []
  }
}
