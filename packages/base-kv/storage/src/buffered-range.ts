/** One range's applied state: puts go to the write buffer, reads look there first, then in the engine. */
import { assert, type LogIndex, type RangeId, type ReplicaId } from '@base-kv/base'
import { slotKey, slotRange } from './data-keys.ts'
import type { Generation, SlotBuffer } from './generation.ts'
import { keyText } from './key-text.ts'
import type { Applied, Engine, KeySpace, Pair, RangeData, RangeRecord, RangeView } from './ports.ts'
import type { StoredRange } from './range-record.ts'
import { BufferedView } from './range-view.ts'
import { replaceSlice, slotOf, type Segment, type Segments } from './segments.ts'
import { openValue } from './value-codec.ts'
import { CHANGE_OVERHEAD, type WriteBuffer } from './write-buffer.ts'

export interface BufferedRangeDeps {
  readonly engine: Engine
  readonly buffer: WriteBuffer
  /** Something is there to flush. */
  readonly touched: () => void
}

/** A slot's changes in the current generation, found once per generation. */
interface Target {
  generation: Generation
  slot: number
  changes: SlotBuffer['changes']
}

/** Newest changes by key; null deletes. */
export type Notes = Map<string, Uint8Array | null>

export class BufferedRange implements RangeData {
  readonly range: RangeId
  readonly #deps: BufferedRangeDeps
  #stored: StoredRange
  #stepOpen = false
  #notes: Notes | null = null
  readonly #user: Target
  readonly #local: Target
  /** Set while a snapshot is swapped in or the replica destroyed, and once it was absorbed: nothing may be applied then. */
  frozen = false
  flushedIndex: LogIndex

  constructor(range: RangeId, stored: StoredRange, deps: BufferedRangeDeps) {
    this.range = range
    this.#stored = stored
    this.#deps = deps
    this.flushedIndex = stored.record.applied.index
    const generation = deps.buffer.current
    this.#user = { generation, slot: -1, changes: new Map() }
    this.#local = { generation, slot: -1, changes: new Map() }
  }

  get stored(): StoredRange {
    return this.#stored
  }

  get record(): RangeRecord {
    return this.#stored.record
  }

  get(space: KeySpace, key: Uint8Array): Uint8Array | undefined {
    const slot = this.#slot(space, key)
    const { buffer } = this.#deps
    if (!buffer.isEmpty) {
      const change = buffer.newestChange(slot, keyText(key))
      if (change !== undefined) return change ?? undefined
    }
    const stored = slotKey(slot, key)
    const value = this.#deps.engine.get(stored)
    return value && openValue(stored, value)
  }

  put(space: KeySpace, key: Uint8Array, value: Uint8Array): void {
    const name = keyText(key)
    this.#changes(space, key).set(name, value)
    if (this.#notes !== null && space === 'user') this.#notes.set(name, value)
    this.#deps.buffer.count(key.length + value.length + CHANGE_OVERHEAD)
  }

  delete(space: KeySpace, key: Uint8Array): void {
    const name = keyText(key)
    this.#changes(space, key).set(name, null)
    if (this.#notes !== null && space === 'user') this.#notes.set(name, null)
    this.#deps.buffer.count(key.length + CHANGE_OVERHEAD)
  }

  setApplied(applied: Applied, state: Uint8Array = this.#stored.record.state): void {
    const { record, segments } = this.#stored
    this.reshape({ boundary: record.boundary, applied, state }, segments)
    this.#deps.touched()
  }

  /** Ends a step as `setApplied` does, perhaps with another extent; whoever calls it sees to the flush. */
  reshape(record: RangeRecord, segments: Segments): void {
    assert(!this.frozen, () => `range ${this.range} is being replaced or gone`)
    const { replica, localSlot, record: before } = this.#stored
    assert(
      record.applied.index >= before.applied.index,
      () => `applied index of ${this.range} goes back to ${record.applied.index}`,
    )
    this.#stored = { replica, record, segments, localSlot }
    if (this.#stepOpen) {
      this.#stepOpen = false
      this.#deps.buffer.openSteps--
    }
    const { buffer } = this.#deps
    if (!buffer.current.ranges.has(this.range)) buffer.count(CHANGE_OVERHEAD + record.state.length)
    buffer.current.ranges.set(this.range, this.#stored)
  }

  /** Changes of user keys are noted from now on, until `endNotes`. */
  beginNotes(): Notes {
    this.#notes = new Map()
    return this.#notes
  }

  endNotes(): void {
    this.#notes = null
  }

  /** The keys of `segment` lie in its slot from now on: `pairs` of a view, and what was noted since that view. */
  move({ boundary, slot }: Segment, pairs: readonly Pair[], notes: Notes): void {
    assert(!this.#stepOpen, 'keys move between two steps')
    const { buffer } = this.#deps
    const { changes } = buffer.current.slot(slot)
    const put = (name: string, value: Uint8Array): void => {
      changes.set(name, value)
      buffer.count(name.length + value.length + CHANGE_OVERHEAD)
    }
    for (const [key, value] of pairs) {
      const name = keyText(key)
      if (!notes.has(name)) put(name, value)
    }
    const from = boundary.start === null ? '' : keyText(boundary.start)
    const to = boundary.end === null ? null : keyText(boundary.end)
    for (const [name, value] of notes)
      if (value !== null && name >= from && (to === null || name < to)) put(name, value)
    const { record, segments } = this.#stored
    this.reshape(record, replaceSlice(segments, { boundary, slot }))
  }

  /** The log has another replica id by now, under which the same state goes on. */
  adopt(replica: ReplicaId): void {
    assert(!this.#stepOpen, 'a replica gets another id between two steps')
    const { record, segments } = this.#stored
    this.#stored = { ...this.#stored, replica }
    this.reshape(record, segments)
    this.#deps.touched()
  }

  /** Its keys are another range's now, or nobody's: this handle only has a past. */
  end(): void {
    assert(!this.#stepOpen && !this.frozen, () => `range ${this.range} ends in the middle of a step`)
    this.frozen = true
  }

  readView(): RangeView {
    const { buffer, engine } = this.#deps
    if (this.#hasChanges(buffer.current)) buffer.seal()
    const generations = buffer.alive.filter((generation) => this.#hasChanges(generation))
    return new BufferedView(this.#stored, generations, engine.readView())
  }

  async approximateBytes(): Promise<number> {
    let bytes = 0
    for (const { slot, boundary } of this.#stored.segments) {
      const { start, end } = slotRange(slot, boundary.start, boundary.end)
      bytes += await this.#deps.engine.approximateSize(start, end)
    }
    const inBuffer = this.#deps.buffer.alive.filter((generation) => this.#hasChanges(generation))
    return inBuffer.reduce((sum, generation) => sum + generation.bytes, bytes)
  }

  /** A snapshot took this state's place. */
  replace(stored: StoredRange): void {
    this.#stored = stored
    this.flushedIndex = stored.record.applied.index
    this.frozen = false
  }

  #changes(space: KeySpace, key: Uint8Array): SlotBuffer['changes'] {
    if (!this.#stepOpen) {
      assert(!this.frozen, () => `range ${this.range} is being replaced or gone`)
      this.#stepOpen = true
      this.#deps.buffer.openSteps++
    }
    const target = space === 'user' ? this.#user : this.#local
    const slot = this.#slot(space, key)
    const generation = this.#deps.buffer.current
    if (target.generation !== generation || target.slot !== slot) {
      target.generation = generation
      target.slot = slot
      target.changes = generation.slot(slot).changes
    }
    return target.changes
  }

  #slot(space: KeySpace, key: Uint8Array): number {
    return space === 'user' ? slotOf(this.#stored.segments, key) : this.#stored.localSlot
  }

  #hasChanges(generation: Generation): boolean {
    const { segments, localSlot } = this.#stored
    return generation.slots.has(localSlot) || segments.some(({ slot }) => generation.slots.has(slot))
  }
}
