/**
 * In a cluster of many ranges a client asks for those that it uses: the ways that it does not know, and the ones that it
 * went lately, which may have changed without a word from the nodes that pass operations on.
 */
import type { Route } from './route-table.ts'

/** Keys asked for at a time. What does not fit is wanted again when it is used again. */
const keysMax = 256

export class WantedRoutes {
  #keys = new Map<string, Uint8Array>()

  /** An operation goes to `key`, on this way if one is known. */
  add(key: Uint8Array, route: Route | undefined): void {
    if (this.#keys.size >= keysMax) return
    const name = route?.rangeId ?? Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
    if (!this.#keys.has(name)) this.#keys.set(name, route?.boundary.start ?? key)
  }

  take(): Uint8Array[] {
    const keys = [...this.#keys.values()]
    this.#keys.clear()
    return keys
  }
}
