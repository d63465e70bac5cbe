import { type StoreId, storeId } from '@base-kv/base'

/** Store ids tell the machine and how often its disk was wiped. */
export const idOf = (machine: number, generation: number): StoreId =>
  storeId(`00000000-0000-4000-8000-${String(generation * 100 + machine).padStart(12, '0')}`)
export const machineOf = (store: StoreId): number => Number(store.slice(-2))
export const shortStore = (store: StoreId): string => `${machineOf(store)}${"'".repeat(Number(store.slice(-12, -2)))}`
