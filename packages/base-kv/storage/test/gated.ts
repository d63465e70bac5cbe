/**
 * The storage over real LevelDB databases whose writes a test can hold back or let fail, each database on its own: a crash
 * between any two writes is "everything fails from here on", then a new start on the same folder.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { EngineStorage, type Disk } from '../src/engine-storage.ts'
import { newIdentity } from '../src/identity.ts'
import {
  openLevelEngine,
  type Engine,
  type EngineBatch,
  type EngineIterator,
  type Storage,
  type StorageOptions,
} from '../src/index.ts'
import { deps } from './fixtures.ts'

/** What one database was asked for. */
export interface Operations {
  writes: number
  puts: number
  deletes: number
  gets: number
  iterators: number
}

class Gate {
  mode: 'open' | 'held' | 'failing' = 'open'
  readonly operations: Operations = { writes: 0, puts: 0, deletes: 0, gets: 0, iterators: 0 }
  /** Writes that may still pass before everything fails; null for all. */
  left: number | null = null
  /** Reads of pages wait while it is set. */
  holdsReads = false
  readsWaiting = 0
  #waiting: (() => void)[] = []

  async pass(): Promise<void> {
    if (this.left !== null && this.left-- <= 0) this.mode = 'failing'
    while (this.mode === 'held') await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.mode === 'failing') throw new KvError('StorageFailed', 'the power is gone')
    this.operations.writes++
  }

  async passRead(): Promise<void> {
    this.readsWaiting++
    while (this.holdsReads) await new Promise((resolve) => setImmediate(resolve))
    this.readsWaiting--
  }

  set(mode: Gate['mode']): void {
    this.mode = mode
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

interface Gates {
  readonly log: Gate
  readonly data: Gate
}

export interface Gated {
  readonly storage: Storage
  readonly gates: Gates
  /** The process ends without another write. */
  crash(): Promise<void>
}

export async function openGated(directory: string, options: Partial<StorageOptions> = {}): Promise<Gated> {
  const gates: Gates = { log: new Gate(), data: new Gate() }
  const plenty = { freeBytes: Infinity, totalBytes: Infinity, low: false }
  const disk: Disk = {
    identity: newIdentity('test', deps.clock),
    isNew: false,
    space: { newest: plenty, check: async () => plenty },
    checkDataTables: async () => [],
    release: async () => {},
  }
  const engines = { log: await openOne(directory, 'log', gates), data: await openOne(directory, 'data', gates) }
  const all = { cluster: 'test', onPoison: () => {}, ...options }
  const storage = await EngineStorage.open(engines, [], disk, all, deps)
  const crash = async (): Promise<void> => {
    gates.data.holdsReads = false
    gates.log.set('failing')
    gates.data.set('failing')
    await storage.close()
  }
  return { storage, gates, crash }
}

async function openOne(directory: string, database: 'log' | 'data', gates: Gates): Promise<Engine> {
  const folder = join(directory, database)
  await mkdir(folder, { recursive: true })
  const engine = await openLevelEngine({
    directory: folder,
    writeBufferBytes: 4 << 20,
    cacheBytes: 1 << 20,
    compression: false,
  })
  return gated(engine, gates[database])
}

function gated(engine: Engine, gate: Gate): Engine {
  const { operations } = gate
  return {
    get: (key) => (operations.gets++, engine.get(key)),
    batch: () => gatedBatch(engine.batch(), gate),
    readView() {
      const view = engine.readView()
      return {
        get: (key) => (operations.gets++, view.get(key)),
        iterate: (options) => (operations.iterators++, gatedIterator(view.iterate(options), gate)),
        close: () => view.close(),
        [Symbol.asyncDispose]: () => view.close(),
      }
    },
    compactRange: (start, end) => engine.compactRange(start, end),
    approximateSize: (start, end) => engine.approximateSize(start, end),
    close: () => engine.close(),
  }
}

function gatedIterator(iterator: EngineIterator, gate: Gate): EngineIterator {
  return {
    async next() {
      const page = await iterator.next()
      await gate.passRead()
      return page
    },
    close: () => iterator.close(),
    [Symbol.asyncDispose]: () => iterator.close(),
  }
}

function gatedBatch(batch: EngineBatch, gate: Gate): EngineBatch {
  return {
    put: (key, value) => (gate.operations.puts++, batch.put(key, value)),
    del: (key) => (gate.operations.deletes++, batch.del(key)),
    get bytes() {
      return batch.bytes
    },
    async write(options) {
      await gate.pass()
      await batch.write(options)
    },
  }
}
