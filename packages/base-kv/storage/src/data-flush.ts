/**
 * The one writer of database `data`. A flush is one synced batch: the oldest generations of the write buffer with the
 * records of the ranges that changed in them, and whatever else waits for its place on disk (loaded chunks, swaps, deletes).
 */
import { assert, type Clock, killPoint, type Timers } from '@base-kv/base'
import type { BatchNumber } from './batch-number.ts'
import { dataKeys } from './data-keys.ts'
import type { Generation, Rider } from './generation.ts'
import type { Poison } from './poison.ts'
import type { DataStats, Engine, EngineBatch } from './ports.ts'
import { sealRange } from './range-record.ts'
import { PairSealer } from './value-codec.ts'
import type { WriteBuffer } from './write-buffer.ts'

export interface DataFlushDeps {
  readonly engine: Engine
  readonly buffer: WriteBuffer
  readonly poison: Poison
  readonly clock: Clock
  readonly timers: Timers
  readonly number: BatchNumber
  readonly logNumber: BatchNumber
  readonly ageMs: number
  readonly bytesSoft: number
  readonly bytesMax: number
  /** These generations are on disk. */
  readonly onFlushed: (generations: readonly Generation[]) => void
}

/** Sealed generations that wait before a flush is due whatever their age: each one costs every read a lookup. */
const SEALED_MAX = 8

export class DataFlush {
  readonly #deps: DataFlushDeps
  readonly #sealer = new PairSealer()
  #riders: Rider[] = []
  /** Generations up to here are to be flushed at once. */
  #wantedSequence = 0
  #flushWaiters: { readonly sequence: number; readonly done: () => void }[] = []
  #roomWaiters: (() => void)[] = []
  #writing: Promise<void> | null = null
  #scheduled = false
  #stopped = false
  #cancelTimer: (() => void) | null = null
  readonly #stats = { flushes: 0, puts: 0, bytes: 0, flushMs: 0, flushMsMax: 0 }

  constructor(deps: DataFlushDeps) {
    this.#deps = deps
  }

  get stats(): Omit<DataStats, 'slotsToClear' | 'rewrites'> {
    return { ...this.#stats }
  }

  get hasRoom(): boolean {
    return this.#deps.buffer.pendingBytes < this.#deps.bytesMax
  }

  whenRoom(): Promise<void> {
    if (this.hasRoom) return Promise.resolve()
    return this.#deps.poison.promise((done) => this.#roomWaiters.push(done))
  }

  /** An entry was applied: flush when there is much, else soon. */
  touched(): void {
    const { buffer, bytesSoft, timers, ageMs } = this.#deps
    if (buffer.current.bytes >= bytesSoft) buffer.seal()
    if (buffer.pendingBytes >= bytesSoft || buffer.sealedCount > SEALED_MAX) this.#want()
    else this.#cancelTimer ??= timers.after(ageMs, () => this.#want())
  }

  /** Flush what is there, as soon as the disk is free and nothing blocks it. */
  hurry(): void {
    this.#want()
  }

  flushNow(): Promise<void> {
    const { buffer, poison } = this.#deps
    const sequence = buffer.newestSequence
    if (sequence === 0) return poison.promise((done) => done())
    return poison.promise((done) => {
      this.#flushWaiters.push({ sequence, done })
      this.#want()
    })
  }

  /** Rides in the next batch, behind the generations in it. */
  ride(encode: Rider['encode']): Promise<void> {
    return this.#deps.poison.promise((onDurable) => {
      this.#riders.push({ encode, onDurable })
      this.#schedule()
    })
  }

  /** Waits for the write in flight; nothing is written behind it. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    while (this.#writing !== null && this.#deps.poison.error === null) await this.#writing
    await this.#writing
  }

  #want(): void {
    this.#wantedSequence = this.#deps.buffer.newestSequence
    this.#schedule()
  }

  #schedule(): void {
    if (this.#writing !== null || this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#writing === null) this.#cut()
    })
  }

  #cut(): void {
    const { engine, buffer, poison, bytesSoft } = this.#deps
    if (this.#stopped || poison.error !== null) return
    let generations: readonly Generation[] = []
    if (buffer.newestSequence !== 0 && this.#oldestIsWanted() && !buffer.isBlocked) {
      this.#cancelTimer?.()
      this.#cancelTimer = null
      buffer.seal()
      generations = buffer.oldest(bytesSoft)
    }
    const riders = this.#riders
    this.#riders = []
    if (generations.length === 0 && riders.length === 0) return
    const batch = engine.batch()
    for (const generation of generations) this.#encode(batch, generation)
    for (const rider of riders) rider.encode(batch, this.#sealer)
    this.#writing = this.#land(batch, generations, riders)
  }

  #oldestIsWanted(): boolean {
    return (this.#deps.buffer.alive[0]?.sequence ?? Infinity) <= this.#wantedSequence
  }

  #encode(batch: EngineBatch, generation: Generation): void {
    const sealer = this.#sealer
    for (const [slot, { changes }] of generation.slots) {
      this.#stats.puts += changes.size
      for (const [key, value] of changes) {
        if (value === null) {
          sealer.keyOnly(slot, key)
          batch.del(sealer.key)
        } else {
          sealer.seal(slot, key, value)
          batch.put(sealer.key, sealer.value)
        }
      }
    }
    for (const [range, stored] of generation.ranges) {
      if (stored === null) batch.del(dataKeys.range(range))
      else batch.put(dataKeys.range(range), sealRange(range, stored))
    }
    for (const rider of generation.riders) rider.encode(batch, sealer)
  }

  async #land(batch: EngineBatch, generations: readonly Generation[], riders: readonly Rider[]): Promise<void> {
    const { clock, poison, number, logNumber, buffer, onFlushed } = this.#deps
    const startMs = clock.monotonicMs()
    const stamped = number.stamp(batch, logNumber)
    killPoint('data.flush')
    try {
      await batch.write({ sync: true })
      killPoint('data.flushed')
    } catch (thrown) {
      poison.trip('data', thrown)
    }
    this.#writing = null
    if (poison.error !== null) return
    number.landed(stamped)
    this.#count(batch, clock.monotonicMs() - startMs)
    buffer.drop(generations)
    onFlushed(generations)
    for (const { riders: own } of generations) for (const rider of own) rider.onDurable()
    for (const rider of riders) rider.onDurable()
    this.#wake()
    if (!this.#stopped) this.#goOn()
  }

  #wake(): void {
    const oldest = this.#deps.buffer.alive[0]?.sequence ?? Infinity
    const waiting = this.#flushWaiters
    this.#flushWaiters = waiting.filter((waiter) => waiter.sequence >= oldest)
    for (const waiter of waiting) if (waiter.sequence < oldest) waiter.done()
    if (!this.hasRoom) return
    const roomWaiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const done of roomWaiters) done()
  }

  #goOn(): void {
    assert(this.#writing === null, 'one flush at a time')
    const { buffer, bytesSoft } = this.#deps
    if (buffer.pendingBytes >= bytesSoft) this.#want()
    else if (this.#riders.length > 0 || (buffer.newestSequence !== 0 && this.#oldestIsWanted())) this.#schedule()
    else if (buffer.newestSequence !== 0) this.touched()
  }

  #count(batch: EngineBatch, tookMs: number): void {
    const stats = this.#stats
    stats.flushes++
    stats.bytes += batch.bytes
    stats.flushMs = tookMs
    stats.flushMsMax = Math.max(stats.flushMsMax, tookMs)
  }
}
