/**
 * What merges mean to a store: it passes on what two ranges say to each other, makes the left one wait for its neighbour's
 * replica here, and ends that when it is taken over. docs/internals/merge.md tells all orders.
 */
import {
  KvError,
  type Log,
  type RangeId,
  rangeIdFromBytes,
  sameKey,
  type StoreId,
  storeIdFromBytes,
} from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import {
  decodeMergeMessage,
  encodeMergeMessage,
  type Mergee,
  type MergeMessage,
  MergeMessageKind,
  type MergePlan,
  type Range,
} from '@base-kv/range'
import { wireRange, wireStore } from './raft-wire.ts'
import type { Replicas } from './replicas.ts'

/** Beside the Raft core's own numbers, on the same streams. */
const MERGE_MESSAGE = 110

export interface MergesHost {
  readonly store: StoreId
  readonly log: Log
  /** Runs after the events of this poll of the event loop. */
  soon(run: () => void): void
  send(to: StoreId, message: v1.RaftMessage.$Properties): void
  /** Other stores, whatever they hold. */
  reachable(): Iterable<StoreId>
  schedule(range: Range): void
}

export class Merges {
  readonly #replicas: Replicas
  readonly #host: MergesHost
  // By the right range that they wait for: left ranges with a marker to apply.
  readonly #parked = new Map<RangeId, Range>()

  constructor(replicas: Replicas, host: MergesHost) {
    this.#replicas = replicas
    this.#host = host
  }

  // ---- what they say -------------------------------------------------------------------------------------------------------

  tell(to: RangeId, stores: readonly StoreId[], message: MergeMessage): void {
    const { store, soon, send, reachable } = this.#host
    // A range that was never frozen may have moved anywhere meanwhile: it is told all the same that it never will be.
    const all = message.kind === MergeMessageKind.thaw ? new Set([...stores, ...reachable()]) : stores
    for (const one of all) {
      if (one === store) soon(() => this.#hear(to, message, store))
      else send(one, toWire(to, store, one, message))
    }
  }

  /** @returns false: some other message */
  receive(wire: v1.RaftMessage): boolean {
    if (wire.type !== MERGE_MESSAGE) return false
    const isWhole = [wire.range, wire.fromStore, wire.toStore].every(({ length }) => length === 16)
    const message = isWhole ? decodeMergeMessage(wire.body) : undefined
    if (message && storeIdFromBytes(wire.toStore) === this.#host.store)
      this.#hear(rangeIdFromBytes(wire.range), message, storeIdFromBytes(wire.fromStore))
    return true
  }

  #hear(to: RangeId, message: MergeMessage, speaker: StoreId): void {
    const range = this.#replicas.ranges.get(to)
    if (!range) return
    range.hear(message, speaker)
    this.#host.schedule(range)
  }

  // ---- the marker ----------------------------------------------------------------------------------------------------------

  /** @throws KvError Corrupt when the right range's replica here will never come to its freeze */
  ready(left: Range, { right, frozenAt }: MergePlan): boolean {
    const mergee = this.#replicas.ranges.get(right)
    const isBusy = this.#replicas.isInTransition(right) || mergee?.isPulling
    if (!isBusy) {
      // Before the marker was proposed every replica had the freeze in its log: this one was lost since.
      if (!mergee?.boundary || !mergee.learnCommit(frozenAt)) {
        throw new KvError('Corrupt', `range ${right}, which it takes over, is not here any more`)
      }
      if (mergee.applied >= frozenAt.index) return true
    }
    this.#parked.set(right, left)
    return false
  }

  mergee(right: RangeId): Mergee {
    const range = this.#replicas.ranges.get(right)
    return {
      records: () => range?.requestRecords() ?? [],
      end: () => range && this.#replicas.absorb(range),
      absorbed: () => this.#replicas.absorbed(right),
    }
  }

  absorbed(left: Range, right: RangeId): void {
    this.#host.log.info('merged', { range: left.id, right, version: left.ver.high })
    this.#replicas.index.merged(left, right)
  }

  /** Whether a range here may come to take that one over: it is behind, and does so by its own log. */
  needs(right: RangeId): boolean {
    const mergee = this.#replicas.ranges.get(right)
    const start = mergee?.boundary?.start ?? null
    if (!mergee || start === null) return false
    for (const { mergesWith, boundary, ver } of this.#replicas.ranges.values()) {
      if (mergesWith === right) return true
      // A merge would have raised its version above both.
      if (boundary?.end && sameKey(boundary.end, start) && ver.high <= mergee.ver.high) return true
    }
    return false
  }

  /** Something has happened to that replica: whoever waits for it looks again. */
  stirred(right: RangeId): void {
    const left = this.#parked.get(right)
    if (!left) return
    this.#parked.delete(right)
    if (this.#replicas.ranges.get(left.id) === left) this.#host.schedule(left)
  }
}

const toWire = (range: RangeId, from: StoreId, to: StoreId, message: MergeMessage): v1.RaftMessage.$Properties => ({
  range: wireRange(range),
  type: MERGE_MESSAGE,
  fromStore: wireStore(from),
  toStore: wireStore(to),
  body: encodeMergeMessage(message),
})
