import { type Boundary, contains, type RangeId, type StoreId } from '@base-kv/base'
import type { RangeDescriptor } from '@base-kv/landscape'

interface Route {
  readonly id: RangeId
  readonly high: number
  readonly boundary: Boundary
  leader: StoreId | null
  /** What the range had recorded when it was last heard of. */
  position: number
}

/** Where a client believes the ranges to be, from what it was told at some time. */
export class Picture {
  readonly #routes = new Map<RangeId, Route>()

  learn(ranges: readonly RangeDescriptor[]): void {
    for (const { id, ver, boundary, leader, requestPosition: position, damage } of ranges) {
      if (damage !== '') continue
      const known = this.#routes.get(id)
      if (known && (known.high > ver.high || (known.high === ver.high && known.position > position))) continue
      this.#routes.set(id, { id, high: ver.high, boundary, leader, position })
    }
  }

  find(key: Uint8Array): Route | undefined {
    let best: Route | undefined
    for (const route of this.#routes.values()) {
      if (contains(route.boundary, key) && (!best || route.high > best.high)) best = route
    }
    return best
  }
}
