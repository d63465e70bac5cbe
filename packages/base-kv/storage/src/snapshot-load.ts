/**
 * Snapshots on their way in: chunks go into two fresh slots that nothing reads until they are swapped in. A load whose
 * sender was cut off may be suspended: the slots stay, and whoever gets the same snapshot of the same read view again goes
 * on behind the last durable pair. A crash forgets them all, as slots that nobody refers to.
 */
import { assert, limits, type RangeId, type Timers } from '@base-kv/base'
import type { DataFlush } from './data-flush.ts'
import { keyText } from './key-text.ts'
import type { KeySpace, LoadPosition, Pair, SnapshotLoad } from './ports.ts'

/** Both slots of a range, not yet in use. */
export interface FreshSlots {
  readonly user: number
  readonly local: number
}

export interface SnapshotLoadsDeps {
  readonly flush: DataFlush
  readonly timers: Timers
  readonly allocate: () => Promise<FreshSlots>
  readonly clear: (slots: readonly number[]) => void
}

export class SnapshotLoads {
  readonly #deps: SnapshotLoadsDeps
  /** Neither installed nor given up. */
  readonly #loads = new Set<Load>()

  constructor(deps: SnapshotLoadsDeps) {
    this.#deps = deps
  }

  async begin(range: RangeId, resumeKey: string | null): Promise<SnapshotLoad> {
    const same = [...this.#loads].find(
      (load) => load.isSuspended && load.range === range && load.resumeKey === resumeKey,
    )
    if (same !== undefined) {
      same.resume()
      return same
    }
    this.dropSuspended(range)
    const load = new Load(range, resumeKey, await this.#deps.allocate(), this.#deps, () => this.#end(load))
    this.#loads.add(load)
    return load
  }

  slotsOf(load: SnapshotLoad): FreshSlots {
    assert(load instanceof Load && this.#loads.has(load), 'a load of this store, neither installed nor given up')
    return load.slots
  }

  /** A range has these slots now. */
  installed(slots: FreshSlots): void {
    for (const load of this.#loads) if (load.slots === slots) this.#loads.delete(load)
  }

  /** Nobody will go on with a snapshot of this range. */
  dropSuspended(range: RangeId): void {
    for (const load of this.#loads) if (load.isSuspended && load.range === range) load.abandon()
  }

  get slots(): readonly number[] {
    return [...this.#loads].flatMap(({ slots }) => [slots.user, slots.local])
  }

  stop(): void {
    for (const load of this.#loads) if (load.isSuspended) load.resume()
  }

  #end(load: Load): void {
    if (this.#loads.delete(load)) this.#deps.clear([load.slots.user, load.slots.local])
  }
}

class Load implements SnapshotLoad {
  readonly range: RangeId
  readonly resumeKey: string | null
  readonly slots: FreshSlots
  readonly #deps: SnapshotLoadsDeps
  readonly #end: () => void
  position: LoadPosition | null = null
  /** Set while it is suspended; ends the waiting. */
  #stopWaiting: (() => void) | null = null

  constructor(range: RangeId, resumeKey: string | null, slots: FreshSlots, deps: SnapshotLoadsDeps, end: () => void) {
    this.range = range
    this.resumeKey = resumeKey
    this.slots = slots
    this.#deps = deps
    this.#end = end
  }

  get isSuspended(): boolean {
    return this.#stopWaiting !== null
  }

  async add(space: KeySpace, pairs: readonly Pair[]): Promise<void> {
    assert(!this.isSuspended, 'a suspended load takes nothing')
    const slot = space === 'user' ? this.slots.user : this.slots.local
    await this.#deps.flush.ride((batch, sealer) => {
      for (const [key, value] of pairs) {
        sealer.seal(slot, keyText(key), value)
        batch.put(sealer.key, sealer.value)
      }
    })
    const last = pairs.at(-1)
    if (last !== undefined) this.position = { space, key: last[0] }
  }

  suspend(): void {
    if (this.resumeKey === null) this.abandon()
    else this.#stopWaiting ??= this.#deps.timers.after(limits.readViewAgeMaxMs, () => this.abandon())
  }

  resume(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = null
  }

  abandon(): void {
    this.resume()
    this.#end()
  }
}
