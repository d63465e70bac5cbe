/**
 * One database on a simulated disk. A synced write is on the disk once it has returned; a crash keeps one that was under
 * way as a whole or not at all, as LevelDB does: a batch that was torn fails its checksum. It may be seen by readers before
 * it is on the disk.
 */
import { assert, KvError } from '@base-kv/base'
import type { Engine, EngineBatch, EngineIterator, EngineView, IterateOptions, Pair } from '@base-kv/storage'
import type { Prng } from '../prng.ts'

type Pairs = Map<string, Uint8Array>
type Change = readonly [key: string, value: Uint8Array | null]

/** What a database needs of the machine that it is in. */
export interface DatabaseDoors {
  readonly prng: Prng
  /** Runs it later, unless the process that asked has ended by then. */
  later(delayMs: number, run: () => void): void
  /** How long a synced write takes that begins now. */
  syncMs(): number
  readMs(): number
  /** Whether this write is to fail. */
  fails(): boolean
  /** A point where a crash may fall; false: it fell, and nothing more comes of this process. */
  effect(): boolean
}

interface InFlight {
  readonly changes: readonly Change[]
  /** What was there before, when readers see the write already. */
  undo: readonly Change[] | null
  /** Whatever became of it. */
  readonly ended: Promise<void>
}

export class SimDatabase {
  // Invariant: what is on the disk, and the write under way when `#inFlight.undo` is set.
  #pairs: Pairs = new Map()
  // Views share the map until the next write.
  #isShared = false
  #inFlight: InFlight | null = null
  /** Pages are read at once: somebody looks from outside of the simulation. */
  readsAtOnce = false

  get size(): number {
    return this.#pairs.size
  }

  /** The power goes. */
  crash(prng: Prng): void {
    const flight = this.#inFlight
    this.#inFlight = null
    if (!flight) return
    const lands = prng.chance(0.5)
    if (lands && !flight.undo) this.#apply(flight.changes)
    else if (!lands && flight.undo) this.#apply(flight.undo)
  }

  wipe(): void {
    this.#pairs = new Map()
    this.#inFlight = null
  }

  open(doors: DatabaseDoors): Engine {
    return {
      get: (key) => copyOf(this.#pairs.get(text(key))),
      batch: () => new SimBatch((changes) => this.#write(changes, doors)),
      readView: () => {
        this.#isShared = true
        return new SimView(this.#pairs, (run) => (this.readsAtOnce ? run() : doors.later(doors.readMs(), run)))
      },
      compactRange: async () => {},
      approximateSize: async (start, end) => this.#sizeOf(text(start), text(end)),
      close: async () => {
        await this.#inFlight?.ended
      },
    }
  }

  #write(changes: readonly Change[], doors: DatabaseDoors): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // A process that has ended writes nothing, and hears nothing.
    if (!doors.effect()) return promise
    assert(this.#inFlight === null, 'one write in flight at a time')
    const flight: InFlight = { changes, undo: null, ended: promise.catch(() => {}) }
    this.#inFlight = flight
    if (doors.prng.chance(0.5)) flight.undo = this.#apply(changes)
    doors.later(doors.syncMs(), () => {
      if (doors.fails()) {
        // Nobody knows what is on the disk now.
        this.crash(doors.prng)
        reject(new KvError('StorageFailed', 'the simulated disk says EIO'))
        return
      }
      if (!flight.undo) this.#apply(changes)
      this.#inFlight = null
      if (doors.effect()) resolve()
    })
    return promise
  }

  /** @returns what takes it back */
  #apply(changes: readonly Change[]): readonly Change[] {
    if (this.#isShared) {
      this.#pairs = new Map(this.#pairs)
      this.#isShared = false
    }
    const undo: Change[] = []
    for (const [key, value] of changes) {
      undo.push([key, this.#pairs.get(key) ?? null])
      if (value === null) this.#pairs.delete(key)
      else this.#pairs.set(key, value)
    }
    return undo.reverse()
  }

  #sizeOf(from: string, to: string): number {
    let bytes = 0
    for (const [key, value] of this.#pairs) if (key >= from && key < to) bytes += key.length + value.length
    return bytes
  }
}

class SimBatch implements EngineBatch {
  readonly #changes: Change[] = []
  readonly #write: (changes: readonly Change[]) => Promise<void>
  bytes = 0

  constructor(write: (changes: readonly Change[]) => Promise<void>) {
    this.#write = write
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#changes.push([text(key), Uint8Array.from(value)])
    this.bytes += key.length + value.length
  }

  del(key: Uint8Array): void {
    this.#changes.push([text(key), null])
    this.bytes += key.length
  }

  write({ sync }: { readonly sync: boolean }): Promise<void> {
    assert(sync, 'every batch of these databases is synced')
    return this.#write(this.#changes)
  }
}

class SimView implements EngineView {
  readonly #pairs: Pairs
  readonly #read: (run: () => void) => void
  #sorted: readonly string[] | null = null

  constructor(pairs: Pairs, read: (run: () => void) => void) {
    this.#pairs = pairs
    this.#read = read
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return copyOf(this.#pairs.get(text(key)))
  }

  iterate(options: IterateOptions): EngineIterator {
    this.#sorted ??= [...this.#pairs.keys()].sort(byteOrder)
    const [from, to] = [text(options.start), text(options.end)]
    const keys = this.#sorted.filter((key) => key >= from && key < to)
    if (options.reverse) keys.reverse()
    return new SimIterator(this.#pairs, keys, options, this.#read)
  }

  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

class SimIterator implements EngineIterator {
  readonly #pairs: Pairs
  readonly #keys: readonly string[]
  readonly #options: IterateOptions
  readonly #read: (run: () => void) => void
  #at = 0

  constructor(pairs: Pairs, keys: readonly string[], options: IterateOptions, read: (run: () => void) => void) {
    this.#pairs = pairs
    this.#keys = keys
    this.#options = options
    this.#read = read
  }

  next(): Promise<readonly Pair[]> {
    return new Promise((resolve) => this.#read(() => resolve(this.#page())))
  }

  async close(): Promise<void> {
    this.#at = this.#keys.length
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #page(): readonly Pair[] {
    const { pageBytes = 64 * 1024, pagePairs = 1000 } = this.#options
    const page: Pair[] = []
    for (let bytes = 0; this.#at < this.#keys.length && page.length < pagePairs && bytes < pageBytes; this.#at++) {
      const key = this.#keys[this.#at] as string
      const value = Uint8Array.from(this.#pairs.get(key) ?? [])
      page.push([Buffer.from(key, 'latin1'), value])
      bytes += key.length + value.length
    }
    return page
  }
}

/** One character a byte, so that string order is byte order. */
const text = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const copyOf = (value: Uint8Array | undefined): Uint8Array | undefined => value && Uint8Array.from(value)
