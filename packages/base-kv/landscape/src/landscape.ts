import type { StoreId } from '@base-kv/base'
import type { StoreDescriptor } from './descriptors.ts'

/** The stores of one service that live, as one node sees them now. Invariant: sorted by store id, each id once. */
export interface Landscape {
  readonly stores: readonly StoreDescriptor[]
}

export const emptyLandscape: Landscape = { stores: [] }

/** @param stores each id once, in any order */
export const landscapeOf = (stores: Iterable<StoreDescriptor>): Landscape => ({
  stores: [...stores].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
})

export const storeOf = (landscape: Landscape, id: StoreId): StoreDescriptor | undefined =>
  landscape.stores.find((store) => store.id === id)
