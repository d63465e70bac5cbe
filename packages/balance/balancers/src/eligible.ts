/** Which stores may be given something. */
import type { StoreDescriptor } from '@base-kv/landscape'
import type { View } from '@base-kv/runtime'

/** A sync that takes so long means a disk that hangs: such a store answers probes, but no write. */
const STALLED_MS = 5_000
/** Below this share of free space nothing more is put there. */
const FREE_SHARE_MIN = 0.1

/** Lives, does not flap, and its disk works. Sorted by id, as the landscape is. */
export function steadyStores({ landscape, health }: View): StoreDescriptor[] {
  return landscape.stores.filter(
    ({ id, statistics }) => health.get(id)?.isFlapping !== true && statistics['disk.stalledMs'] < STALLED_MS,
  )
}

/** Where a new replica may be put. */
export const roomyStores = (view: View): StoreDescriptor[] =>
  steadyStores(view).filter(({ statistics }) => {
    const total = statistics['disk.total']
    return total === 0 || statistics['disk.free'] >= total * FREE_SHARE_MIN
  })

/** What stands in attributes.zone; a store without one is a zone of its own. */
export const zoneOf = (store: StoreDescriptor): string => store.attributes.zone ?? store.id
