/**
 * What one owner says: keys with values, written by nobody else. Every write has a stamp of the owner's hybrid clock, and
 * stamps of one owner only grow, so "everything up to this stamp" is a number. That number is what makes deletes safe:
 *
 * - A replica knows the owner's writes up to `version`, without a hole. An entry with a smaller stamp that it does not hold
 *   has been deleted or overwritten; no copy of it from anywhere can bring it back.
 * - A delete leaves a tombstone, so that it can be passed on. Old tombstones are dropped; `floor` is the newest dropped
 *   one's stamp. Whoever is behind `floor` gets everything anew instead of a difference.
 *
 * Parts that leave a hole are not taken in: the receiver asks for what it lacks.
 */
import { assert } from '@base-kv/base'

const TOMBSTONES_MAX = 1_024

export interface Entry {
  readonly stamp: bigint
  /** null: deleted. */
  readonly value: Uint8Array | null
}

/** Writes of an owner with stamps in (after, to], without those overwritten since. `after` 0: nothing else exists up to `to`. */
export interface Part {
  readonly after: bigint
  readonly to: bigint
  /** See OwnedMap; of meaning only when `after` is 0. */
  readonly floor: bigint
  /** In order of their stamps. */
  readonly entries: readonly (readonly [key: string, entry: Entry])[]
}

export type Joined =
  | { readonly kind: 'applied'; readonly keys: readonly string[] }
  /** Nothing new. */
  | { readonly kind: 'known' }
  /** What lies between is missing. */
  | { readonly kind: 'gap' }

export class OwnedMap {
  // Invariant: in order of stamps; every stamp <= #version; tombstones have stamps > #floor.
  #entries = new Map<string, Entry>()
  #version = 0n
  #floor = 0n
  #tombstones = 0

  get version(): bigint {
    return this.#version
  }

  /** Without tombstones. */
  get size(): number {
    return this.#entries.size - this.#tombstones
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key)?.value ?? undefined
  }

  *values(): Iterable<readonly [key: string, value: Uint8Array]> {
    for (const [key, { value }] of this.#entries) if (value !== null) yield [key, value]
  }

  /** The owner's own write. @param stamp above all before */
  write(key: string, entry: Entry): void {
    assert(entry.stamp > this.#version, 'stamps of an owner grow')
    this.#set(key, entry)
    this.#version = entry.stamp
    this.#dropTombstones()
  }

  join(part: Part): Joined {
    if (part.to <= this.#version) return { kind: 'known' }
    if (part.after > this.#version) return { kind: 'gap' }
    const keys = part.after === 0n ? this.#replace(part) : this.#add(part)
    this.#version = part.to
    this.#dropTombstones()
    return { kind: 'applied', keys }
  }

  /**
   * What a replica at version `after` lacks; undefined when nothing. A difference is cut where `room` ends, at one entry at
   * least; what somebody behind the floor gets is whole.
   */
  since(after: bigint, room: number, sizeOf: (key: string, entry: Entry) => number): Part | undefined {
    if (after >= this.#version) return undefined
    if (after < this.#floor) return { after: 0n, to: this.#version, floor: this.#floor, entries: [...this.#entries] }
    const entries: [string, Entry][] = []
    let to = this.#version
    for (const [key, entry] of this.#entries) {
      if (entry.stamp <= after) continue
      room -= sizeOf(key, entry)
      const last = entries.at(-1)
      if (room < 0 && last) {
        to = last[1].stamp
        break
      }
      entries.push([key, entry])
    }
    return { after, to, floor: 0n, entries }
  }

  #add(part: Part): string[] {
    const keys: string[] = []
    for (const [key, entry] of part.entries) {
      if (entry.stamp <= this.#version) continue
      this.#set(key, entry)
      keys.push(key)
    }
    return keys
  }

  #replace(part: Part): string[] {
    const before = this.#entries
    this.#entries = new Map()
    this.#tombstones = 0
    this.#floor = part.floor
    const keys = new Set<string>()
    for (const [key, entry] of part.entries) {
      this.#set(key, entry)
      if (before.get(key)?.stamp !== entry.stamp) keys.add(key)
    }
    for (const key of before.keys()) if (!this.#entries.has(key)) keys.add(key)
    return [...keys]
  }

  #set(key: string, entry: Entry): void {
    if (this.#entries.get(key)?.value === null) this.#tombstones--
    if (entry.value === null) this.#tombstones++
    // Deleted first, so that it moves to the end.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  /** Half of them at a time: looking for them goes through all entries. */
  #dropTombstones(): void {
    if (this.#tombstones <= TOMBSTONES_MAX) return
    for (const [key, { stamp, value }] of this.#entries) {
      if (this.#tombstones <= TOMBSTONES_MAX / 2) return
      if (value !== null) continue
      this.#entries.delete(key)
      this.#tombstones--
      this.#floor = stamp
    }
  }
}
