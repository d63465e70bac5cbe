/** The engine on LevelDB (classic-level). The only file that knows it. */
import { assert, KvError } from '@base-kv/base'
import { ClassicLevel, type Iterator as NativeIterator } from 'classic-level'
import type { Engine, EngineBatch, EngineIterator, EngineView, IterateOptions, Pair } from './ports.ts'

export interface LevelEngineOptions {
  readonly directory: string
  readonly writeBufferBytes: number
  readonly cacheBytes: number
  readonly compression: boolean
}

type Database = ClassicLevel<Uint8Array, Uint8Array>
type PairIterator = NativeIterator<Database, Uint8Array, Uint8Array>
type Snapshot = ReturnType<Database['snapshot']>

/** @throws KvError BadConfig (locked), Corrupt, StorageFailed */
export async function openLevelEngine(options: LevelEngineOptions): Promise<Engine> {
  const database: Database = new ClassicLevel(options.directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize: options.writeBufferBytes,
    cacheSize: options.cacheBytes,
    compression: options.compression,
  })
  try {
    await database.open()
  } catch (thrown) {
    throw engineError(`cannot open ${options.directory}`, thrown)
  }
  return new LevelEngine(database)
}

class LevelEngine implements Engine {
  readonly #database: Database
  /** Invariant: at most one write in flight; two batches not awaited may land in the other order. */
  #writing: Promise<void> | null = null

  constructor(database: Database) {
    this.#database = database
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#database.getSync(key)
    } catch (thrown) {
      throw engineError('a read failed', thrown)
    }
  }

  batch(): EngineBatch {
    return new LevelBatch(this.#database.batch(), (write) => this.#exclusive(write))
  }

  readView(): EngineView {
    return new LevelView(this.#database)
  }

  async compactRange(start: Uint8Array, end: Uint8Array): Promise<void> {
    await this.#database.compactRange(start, end)
  }

  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    return this.#database.approximateSize(start, end)
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {})
    await this.#database.close()
  }

  async #exclusive(write: () => Promise<void>): Promise<void> {
    assert(this.#writing === null, 'one write in flight at a time')
    const running = write()
    this.#writing = running
    try {
      await running
    } catch (thrown) {
      throw engineError('a write failed', thrown)
    } finally {
      this.#writing = null
    }
  }
}

class LevelBatch implements EngineBatch {
  readonly #batch: ReturnType<Database['batch']>
  readonly #exclusive: (write: () => Promise<void>) => Promise<void>
  bytes = 0

  constructor(batch: ReturnType<Database['batch']>, exclusive: (write: () => Promise<void>) => Promise<void>) {
    this.#batch = batch
    this.#exclusive = exclusive
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.put(key, value)
    this.bytes += key.length + value.length
  }

  del(key: Uint8Array): void {
    this.#batch.del(key)
    this.bytes += key.length
  }

  write(options: { readonly sync: boolean }): Promise<void> {
    return this.#exclusive(() => this.#batch.write(options))
  }
}

class LevelView implements EngineView {
  readonly #database: Database
  readonly #snapshot: Snapshot
  readonly #iterators = new Set<LevelIterator>()

  constructor(database: Database) {
    this.#database = database
    this.#snapshot = database.snapshot()
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#database.getSync(key, { snapshot: this.#snapshot })
    } catch (thrown) {
      throw engineError('a read failed', thrown)
    }
  }

  iterate(options: IterateOptions): EngineIterator {
    const iterator = this.#database.iterator({
      gte: options.start,
      lt: options.end,
      reverse: options.reverse ?? false,
      snapshot: this.#snapshot,
      highWaterMarkBytes: options.pageBytes ?? 64 * 1024,
      fillCache: false,
    })
    const wrapped = new LevelIterator(iterator, options.pagePairs ?? 1000, () => this.#iterators.delete(wrapped))
    this.#iterators.add(wrapped)
    return wrapped
  }

  async close(): Promise<void> {
    await Promise.all([...this.#iterators].map((iterator) => iterator.close()))
    await this.#snapshot.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class LevelIterator implements EngineIterator {
  readonly #iterator: PairIterator
  readonly #pagePairs: number
  readonly #onClose: () => void

  constructor(iterator: PairIterator, pagePairs: number, onClose: () => void) {
    this.#iterator = iterator
    this.#pagePairs = pagePairs
    this.#onClose = onClose
  }

  async next(): Promise<readonly Pair[]> {
    try {
      return await this.#iterator.nextv(this.#pagePairs)
    } catch (thrown) {
      throw engineError('an iteration failed', thrown)
    }
  }

  async close(): Promise<void> {
    this.#onClose()
    await this.#iterator.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function engineError(doing: string, thrown: unknown): KvError {
  const messages = causes(thrown)
  const text = `${doing}: ${messages.map((cause) => cause.message).join(': ')}`
  if (messages.some((cause) => cause.code === 'LEVEL_LOCKED')) return new KvError('BadConfig', text, { cause: thrown })
  if (messages.some((cause) => cause.code === 'LEVEL_CORRUPTION'))
    return new KvError('Corrupt', text, { cause: thrown })
  return new KvError('StorageFailed', text, { cause: thrown })
}

interface EngineFailure {
  readonly message: string
  readonly code: unknown
}

/** The error and what lies below it: abstract-level wraps the engine's own. */
function causes(thrown: unknown): readonly EngineFailure[] {
  const found: EngineFailure[] = []
  let error = thrown
  while (typeof error === 'object' && error !== null && found.length < 8) {
    const { message, code, cause } = error as { message?: unknown; code?: unknown; cause?: unknown }
    found.push({ message: String(message), code })
    error = cause
  }
  return found.length > 0 ? found : [{ message: String(thrown), code: undefined }]
}
