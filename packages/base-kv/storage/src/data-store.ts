/** Applied state of all ranges of one store: handles, the write buffer with its flush loop, slots, snapshots on their way in. */
import {
  assert,
  compareEnds,
  compareStarts,
  KvError,
  sameKey,
  wholeKeySpace,
  type Log,
  type Boundary,
  type LogIndex,
  type RangeId,
  type ReplicaId,
} from '@base-kv/base'
import { BufferedRange } from './buffered-range.ts'
import { DataFlush, type DataFlushDeps } from './data-flush.ts'
import { dataKeys } from './data-keys.ts'
import type { Generation } from './generation.ts'
import { keyText } from './key-text.ts'
import type {
  Applied,
  DataStats,
  DataStore,
  Engine,
  LoadOptions,
  Merge,
  Pair,
  RangeData,
  RangeRecord,
  SnapshotLoad,
  Split,
} from './ports.ts'
import { sealAbsorbed, sealRange, type StoredRange } from './range-record.ts'
import { SegmentRewrite } from './segment-rewrite.ts'
import { clipSegments, joinSegments } from './segments.ts'
import { gaps, Slots, type SlotUse } from './slots.ts'
import { SnapshotLoads, type FreshSlots } from './snapshot-load.ts'
import { CHANGE_OVERHEAD, WriteBuffer } from './write-buffer.ts'

export interface FoundData {
  readonly ranges: ReadonlyMap<RangeId, StoredRange>
  readonly nextSlot: number
  readonly slots: readonly number[]
}

export interface DataStoreDeps extends Omit<DataFlushDeps, 'buffer' | 'onFlushed'> {
  readonly segmentsMax: number
  readonly log: Log
}

/** The right half of a split as it begins. */
export interface NewHalf {
  readonly range: RangeId
  readonly replica: ReplicaId
  readonly applied: Applied
  readonly state: Uint8Array
  readonly local: Iterable<Pair>
}

export class BufferedDataStore implements DataStore {
  readonly #engine: Engine
  readonly #buffer = new WriteBuffer()
  readonly #flush: DataFlush
  readonly #slots: Slots
  readonly #rewrite: SegmentRewrite
  readonly #ranges = new Map<RangeId, BufferedRange>()
  readonly #loads: SnapshotLoads
  onFlushed: (() => void) | null = null

  constructor(deps: DataStoreDeps, found: FoundData) {
    this.#engine = deps.engine
    this.#flush = new DataFlush({
      ...deps,
      buffer: this.#buffer,
      onFlushed: (generations) => this.#flushed(generations),
    })
    this.#slots = new Slots(
      { engine: deps.engine, flush: this.#flush, timers: deps.timers, use: () => this.#use() },
      { next: found.nextSlot, slots: found.slots },
    )
    this.#loads = new SnapshotLoads({
      flush: this.#flush,
      timers: deps.timers,
      allocate: () => this.allocate(),
      clear: (slots) => this.#slots.clear(slots),
    })
    this.#rewrite = new SegmentRewrite({
      flush: this.#flush,
      slots: this.#slots,
      timers: deps.timers,
      segmentsMax: deps.segmentsMax,
      range: (range) => this.#ranges.get(range),
      warn: (message, fields) => deps.log.warn(message, fields),
    })
    for (const [range, stored] of found.ranges) this.#add(range, stored)
    for (const range of this.#ranges.keys()) this.#rewrite.consider(range)
    const use = this.#use()
    this.#slots.clear(found.slots.filter((slot) => gaps(use.get(slot) ?? []).length > 0))
  }

  get ranges(): readonly RangeId[] {
    return [...this.#ranges.keys()]
  }

  get stats(): DataStats {
    return { ...this.#flush.stats, slotsToClear: this.#slots.toClear, rewrites: this.#rewrite.done }
  }

  get pendingBytes(): number {
    return this.#buffer.pendingBytes
  }

  get hasRoom(): boolean {
    return this.#flush.hasRoom
  }

  whenRoom(): Promise<void> {
    return this.#flush.whenRoom()
  }

  has(range: RangeId): boolean {
    return this.#ranges.has(range)
  }

  range(range: RangeId): RangeData {
    return this.#range(range)
  }

  flushedApplied(range: RangeId): LogIndex {
    return this.#range(range).flushedIndex
  }

  flushNow(): Promise<void> {
    return this.#flush.flushNow()
  }

  beginLoad(range: RangeId, { resumeKey }: LoadOptions = {}): Promise<SnapshotLoad> {
    return this.#loads.begin(range, resumeKey ?? null)
  }

  // ---- what storage.ts does with whole replicas -----------------------------------------------------------------------

  stampFormat(record: Uint8Array): Promise<void> {
    return this.#flush.ride((batch) => batch.put(dataKeys.format, record))
  }

  /** Two fresh slots, safe to use. */
  async allocate(): Promise<FreshSlots> {
    const [user, local] = await this.#slots.allocate(2)
    return { user: user as number, local: local as number }
  }

  slotsOf(load: SnapshotLoad): FreshSlots {
    return this.#loads.slotsOf(load)
  }

  /**
   * One batch: the range is what `record` says, with the pairs of `slots`, and the `replaced` ones are absorbed; the old
   * slots are cleared behind it.
   */
  async swap(
    range: RangeId,
    replica: ReplicaId,
    record: RangeRecord,
    slots: FreshSlots,
    replaced: readonly RangeId[] = [],
  ): Promise<void> {
    const stored: StoredRange = {
      replica,
      record,
      segments: [{ boundary: record.boundary, slot: slots.user }],
      localSlot: slots.local,
    }
    const present = this.#ranges.get(range)
    const before = present?.stored
    if (present !== undefined) present.frozen = true
    const gone = replaced.map((one) => this.#range(one))
    for (const one of gone) one.end()
    // Older records of the range must not come behind the new one.
    await this.#flush.flushNow()
    await this.#flush.ride((batch) => {
      batch.put(dataKeys.range(range), sealRange(range, stored))
      for (const one of gone) {
        batch.del(dataKeys.range(one.range))
        batch.put(dataKeys.absorbed(one.range), sealAbsorbed(one.range, one.stored.replica))
      }
    })
    for (const one of gone) this.#ranges.delete(one.range)
    if (present === undefined) this.#add(range, stored)
    else present.replace(stored)
    this.#loads.installed(slots)
    this.#loads.dropSuspended(range)
    if (before !== undefined) this.#slots.clear(allSlots(before))
    for (const one of gone) this.#slots.clear(allSlots(one.stored))
  }

  /** A replica without data has none to be renamed. */
  adopt(range: RangeId, replica: ReplicaId): void {
    this.#ranges.get(range)?.adopt(replica)
  }

  async destroy(range: RangeId): Promise<void> {
    this.#loads.dropSuspended(range)
    const present = this.#ranges.get(range)
    if (present === undefined) return
    present.frozen = true
    await this.#flush.flushNow()
    await this.#flush.ride((batch) => batch.del(dataKeys.range(range)))
    this.#ranges.delete(range)
    this.#slots.clear(allSlots(present.stored))
  }

  /**
   * Cuts the segments at `key`; without a `right` half its slices are nobody's any more. The batch with the split waits
   * for `release`.
   */
  split(
    left: RangeId,
    { at, key, leftState, onDurable }: Split,
    right: NewHalf | null,
  ): { readonly release: () => void } {
    const range = this.#range(left)
    const { record, segments } = range.stored
    const { start, end } = record.boundary
    assert(
      compareStarts(start, key) < 0 && key.length > 0 && compareEnds(key, end) < 0,
      () => `the split key lies outside of range ${left}`,
    )
    const boundaries = { left: { start, end: key }, right: { start: key, end } }
    range.reshape({ boundary: boundaries.left, applied: at, state: leftState }, clipSegments(segments, boundaries.left))
    const generation = this.#buffer.current
    generation.reshaped.add(left)
    if (right === null) {
      this.#slots.clear(clipSegments(segments, boundaries.right).map(({ slot }) => slot))
      generation.riders.push({ encode: () => {}, onDurable: () => onDurable?.() })
    } else {
      const stored: StoredRange = {
        replica: right.replica,
        record: { boundary: boundaries.right, applied: right.applied, state: right.state },
        segments: clipSegments(segments, boundaries.right),
        localSlot: this.#slots.take(),
      }
      this.#add(right.range, stored)
      generation.ranges.set(right.range, stored)
      generation.reshaped.add(right.range)
      const { changes } = generation.slot(stored.localSlot)
      for (const [name, value] of right.local) {
        changes.set(keyText(name), value)
        this.#buffer.count(name.length + value.length + CHANGE_OVERHEAD)
      }
      this.#buffer.count(CHANGE_OVERHEAD + right.state.length)
      generation.riders.push({ encode: (batch) => this.#slots.putNext(batch), onDurable: () => onDurable?.() })
    }
    if (right !== null) this.#rewrite.consider(right.range)
    generation.blockers++
    const release = (): void => {
      generation.blockers--
      this.#flush.hurry()
    }
    return { release }
  }

  /** The left range takes the right one's segments over. */
  merge(left: RangeId, { at, state, right, frozenAt, onDurable }: Merge): void {
    const range = this.#range(left)
    const absorbed = this.#range(right)
    const { replica, record, segments, localSlot } = absorbed.stored
    const { start, end } = range.record.boundary
    assert(
      end !== null && record.boundary.start !== null && sameKey(end, record.boundary.start),
      () => `range ${right} does not lie behind range ${left}`,
    )
    assert(
      record.applied.index >= frozenAt,
      () => `range ${right} is applied up to ${record.applied.index}, and was frozen at ${frozenAt}`,
    )
    absorbed.end()
    const joined = joinSegments(range.stored.segments, segments)
    range.reshape({ boundary: { start, end: record.boundary.end }, applied: at, state }, joined)
    const generation = this.#buffer.current
    generation.ranges.set(right, null)
    generation.reshaped.add(left).add(right)
    generation.riders.push({
      encode: (batch) => batch.put(dataKeys.absorbed(right), sealAbsorbed(right, replica)),
      onDurable: () => onDurable?.(),
    })
    this.#ranges.delete(right)
    this.#slots.clear([localSlot])
    this.#rewrite.consider(left)
    this.#flush.hurry()
  }

  /** The log of an absorbed replica is gone for good. */
  forgetAbsorbed(range: RangeId): Promise<void> {
    return this.#flush.ride((batch) => batch.del(dataKeys.absorbed(range)))
  }

  /** Whether a split or merge of the range is not on disk yet. */
  isReshaping(range: RangeId): boolean {
    return this.#buffer.alive.some((generation) => generation.reshaped.has(range))
  }

  stored(range: RangeId): StoredRange | undefined {
    return this.#ranges.get(range)?.stored
  }

  async stop(): Promise<void> {
    this.#slots.stop()
    this.#loads.stop()
    this.#rewrite.stop()
    await this.#flush.stop()
  }

  #add(range: RangeId, stored: StoredRange): void {
    const deps = { engine: this.#engine, buffer: this.#buffer, touched: () => this.#flush.touched() }
    this.#ranges.set(range, new BufferedRange(range, stored, deps))
  }

  #range(range: RangeId): BufferedRange {
    const found = this.#ranges.get(range)
    if (found === undefined) throw new KvError('NotFound', `no data of range ${range} on this store`)
    return found
  }

  #flushed(generations: readonly Generation[]): void {
    for (const { ranges } of generations) {
      for (const [range, stored] of ranges) {
        const present = this.#ranges.get(range)
        if (present !== undefined && stored !== null) present.flushedIndex = stored.record.applied.index
      }
    }
    this.onFlushed?.()
  }

  #use(): SlotUse {
    const use = new Map<number, Boundary[]>()
    for (const { stored } of this.#ranges.values()) {
      use.set(stored.localSlot, [wholeKeySpace])
      for (const { slot, boundary } of stored.segments) {
        const used = use.get(slot)
        if (used === undefined) use.set(slot, [boundary])
        else used.push(boundary)
      }
    }
    for (const slot of this.#loads.slots) use.set(slot, [wholeKeySpace])
    return use
  }
}

function allSlots({ segments, localSlot }: StoredRange): number[] {
  return [localSlot, ...segments.map((segment) => segment.slot)]
}
