/**
 * The engine in memory, for tests and simulations. `MemoryDisk` outlives an engine as a disk outlives a process; `crash`
 * takes it back to the newest synced write, as a power cut does.
 */
import { assert, KvError } from '@base-kv/base'
import type { Engine, EngineBatch, EngineIterator, EngineView, IterateOptions, Pair } from './ports.ts'

type Pairs = Map<string, Uint8Array>

export class MemoryDisk {
  /** Newest content, read by engines. */
  current: Pairs = new Map()
  /** What a power cut leaves. */
  synced: Pairs = this.current
  /** Set by tests: asked before each write; false makes it fail, as a full disk does. */
  beforeWrite: () => boolean = () => true

  crash(): void {
    this.current = this.synced
  }
}

export function memoryEngine(disk: MemoryDisk = new MemoryDisk()): Engine {
  return new MemoryEngine(disk)
}

class MemoryEngine implements Engine {
  readonly #disk: MemoryDisk
  #writing: Promise<void> | null = null

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return copyOf(this.#disk.current.get(text(key)))
  }

  batch(): EngineBatch {
    return new MemoryBatch((changes, sync) => this.#write(changes, sync))
  }

  readView(): EngineView {
    return new MemoryView(this.#disk.current)
  }

  async compactRange(): Promise<void> {}

  async approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    const [from, to] = [text(start), text(end)]
    let bytes = 0
    for (const [key, value] of this.#disk.current) if (key >= from && key < to) bytes += key.length + value.length
    return bytes
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {})
  }

  async #write(changes: readonly Change[], sync: boolean): Promise<void> {
    assert(this.#writing === null, 'one write in flight at a time')
    const running = this.#land(changes, sync)
    this.#writing = running
    try {
      await running
    } finally {
      this.#writing = null
    }
  }

  async #land(changes: readonly Change[], sync: boolean): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const disk = this.#disk
    if (!disk.beforeWrite()) throw new KvError('StorageFailed', 'a write failed')
    // Views and the synced picture share maps with the present one, so a write makes a new one.
    const next = new Map(disk.current)
    for (const [key, value] of changes) {
      if (value === null) next.delete(key)
      else next.set(key, value)
    }
    disk.current = next
    if (sync) disk.synced = next
  }
}

type Change = readonly [key: string, value: Uint8Array | null]

class MemoryBatch implements EngineBatch {
  readonly #changes: Change[] = []
  readonly #write: (changes: readonly Change[], sync: boolean) => Promise<void>
  bytes = 0

  constructor(write: (changes: readonly Change[], sync: boolean) => Promise<void>) {
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

  write(options: { readonly sync: boolean }): Promise<void> {
    return this.#write(this.#changes, options.sync)
  }
}

class MemoryView implements EngineView {
  readonly #pairs: Pairs
  #sorted: readonly string[] | null = null

  constructor(pairs: Pairs) {
    this.#pairs = pairs
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return copyOf(this.#pairs.get(text(key)))
  }

  iterate(options: IterateOptions): EngineIterator {
    this.#sorted ??= [...this.#pairs.keys()].sort(byteOrder)
    const [from, to] = [text(options.start), text(options.end)]
    const keys = this.#sorted.filter((key) => key >= from && key < to)
    if (options.reverse) keys.reverse()
    return new MemoryIterator(this.#pairs, keys, options)
  }

  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

class MemoryIterator implements EngineIterator {
  readonly #pairs: Pairs
  readonly #keys: readonly string[]
  readonly #options: IterateOptions
  #at = 0

  constructor(pairs: Pairs, keys: readonly string[], options: IterateOptions) {
    this.#pairs = pairs
    this.#keys = keys
    this.#options = options
  }

  async next(): Promise<readonly Pair[]> {
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

  async close(): Promise<void> {
    this.#at = this.#keys.length
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** One character a byte, so that string order is byte order. */
const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1')
const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const copyOf = (value: Uint8Array | undefined): Uint8Array | undefined => value && Uint8Array.from(value)
