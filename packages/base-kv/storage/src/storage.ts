/**
 * The storage of one store: databases `log` and `data` in one folder, opened together, because each vouches for the other.
 *
 * The order of a start: lock the folder, read the identity, look at LevelDB's files, open the databases, read them, finish
 * what a crash cut in two, put damage on record. Only then is anything of it told.
 */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { assert, KvError, limits, type RangeId, type ReplicaId } from '@base-kv/base'
import { BatchNumber, checkFormat, lostTail } from './batch-number.ts'
import { recoverData } from './data-recovery.ts'
import { dataKeys } from './data-keys.ts'
import { BufferedDataStore } from './data-store.ts'
import { ballastIn, DiskSpaceWatch } from './disk-space.ts'
import { readIfThere, removeDurably, writeDurably } from './durable-file.ts'
import { lockFolder } from './folder-lock.ts'
import { FORMAT_VERSION, newIdentity, readIdentity, writeIdentity } from './identity.ts'
import { openLevelEngine } from './level-engine.ts'
import { logKeys } from './log-keys.ts'
import { recoverLogs } from './log-recovery.ts'
import { GroupLogStore } from './log-store.ts'
import { MemoryDisk, memoryEngine } from './memory-engine.ts'
import { Poison } from './poison.ts'
import type {
  DiskSpace,
  Engine,
  FoundRange,
  Installation,
  NewReplica,
  Storage,
  StorageDeps,
  StorageOptions,
  StoreIdentity,
} from './ports.ts'
import { checkDatabase, checkTables } from './raw/check-database.ts'
import { reconcile } from './recovery.ts'

const MIB = 1024 * 1024
/** LevelDB's one background thread serves both databases: with the default buffer log syncs stall for a second under load. */
const LOG_WRITE_BUFFER_BYTES = 64 * MIB
const DATA_WRITE_BUFFER_BYTES = 8 * MIB
const DATA_CACHE_BYTES = 32 * MIB
const LOG_CACHE_BYTES = 16 * MIB
/** A scrub reads this much, then rests: 16 MiB a second. */
const SCRUB_REST_MS_PER_MIB = 64

/**
 * @throws KvError BadConfig (locked, another cluster's, newer format), NoSpace (disk full), Corrupt (LevelDB refuses the
 * folder), StorageFailed
 */
export async function openStorage(options: StorageOptions, deps: StorageDeps): Promise<Storage> {
  const { directory } = options
  await mkdir(directory, { recursive: true })
  const lock = await orNoSpace(directory, () => lockFolder(directory))
  const opened: Engine[] = []
  try {
    const known = await readIdentity(directory, options.cluster)
    const damage = await lookAtFiles(directory, known !== undefined)
    for (const database of ['log', 'data'] as const) {
      opened.push(await orNoSpace(directory, () => openDatabase(directory, database)))
    }
    const [log, data] = opened as [Engine, Engine]
    const space = new DiskSpaceWatch(options, deps)
    await space.start()
    const disk: Disk = {
      identity: known ?? newIdentity(options.cluster, deps.clock),
      isNew: known === undefined,
      space,
      checkDataTables: (pace) => checkTables(join(directory, 'data'), pace),
      release: async () => {
        space.stop()
        await lock.release()
      },
    }
    const storage = await EngineStorage.open({ log, data }, damage, disk, options, deps)
    if (known === undefined) await writeIdentity(directory, disk.identity)
    if (damage.length > 0) await removeDurably(damageFile(directory))
    return storage
  } catch (thrown) {
    await Promise.all(opened.map((engine) => engine.close()))
    await lock.release()
    throw thrown
  }
}

/** Disks that outlive the process that they simulate. */
export interface MemoryDisks {
  readonly log: MemoryDisk
  readonly data: MemoryDisk
}

/** The same storage over engines in memory, for tests and simulations. */
export function openMemoryStorage(
  disks: MemoryDisks,
  options: Omit<StorageOptions, 'directory'> & { readonly identity?: StoreIdentity },
  deps: StorageDeps,
): Promise<Storage> {
  const plenty: DiskSpace = { freeBytes: Infinity, totalBytes: Infinity, low: false }
  const disk: Disk = {
    identity: options.identity ?? newIdentity(options.cluster, deps.clock),
    isNew: false,
    space: { newest: plenty, check: async () => plenty },
    checkDataTables: async () => [],
    release: async () => {},
  }
  return EngineStorage.open({ log: memoryEngine(disks.log), data: memoryEngine(disks.data) }, [], disk, options, deps)
}

/** What is not one of the two databases. */
interface Disk {
  readonly identity: StoreIdentity
  readonly isNew: boolean
  readonly space: { readonly newest: DiskSpace; check(): Promise<DiskSpace> }
  readonly checkDataTables: (pace: (bytes: number) => Promise<void>) => Promise<string[]>
  readonly release: () => Promise<void>
}

interface Engines {
  readonly log: Engine
  readonly data: Engine
}

interface Parts {
  readonly engines: Engines
  readonly disk: Disk
  readonly deps: StorageDeps
  readonly poison: Poison
  readonly log: GroupLogStore
  readonly data: BufferedDataStore
  readonly found: readonly FoundRange[]
}

class EngineStorage implements Storage {
  readonly #parts: Parts
  #closing: Promise<void> | null = null

  static async open(
    engines: Engines,
    storeDamage: readonly string[],
    disk: Disk,
    options: Omit<StorageOptions, 'directory'>,
    deps: StorageDeps,
  ): Promise<EngineStorage> {
    const formats = {
      log: checkFormat('log', logKeys.format, FORMAT_VERSION, engines.log),
      data: checkFormat('data', dataKeys.format, FORMAT_VERSION, engines.data),
    }
    const logNumber = new BatchNumber(logKeys.number, engines.log)
    const dataNumber = new BatchNumber(dataKeys.number, engines.data)
    const tail = lostTail(logNumber, dataNumber)
    const logs = await recoverLogs(engines.log)
    const stored = await recoverData(engines.data)
    if (disk.isNew && (logs.logs.size > 0 || stored.ranges.size > 0)) {
      throw new KvError('Corrupt', 'the data folder has ranges but no identity.json', {
        hint: 'restore the file, or move the folder away: the node then joins as a new store',
      })
    }
    const poison = new Poison(options.onPoison)
    const { clock, timers } = deps
    const log = new GroupLogStore(
      {
        engine: engines.log,
        poison,
        clock,
        timers,
        number: logNumber,
        dataNumber,
        cacheBytes: options.logCacheBytes ?? LOG_CACHE_BYTES,
      },
      logs,
    )
    const data = new BufferedDataStore(
      {
        engine: engines.data,
        poison,
        clock,
        timers,
        number: dataNumber,
        logNumber,
        ageMs: options.flushAgeMs ?? limits.flushAgeMaxMs,
        bytesSoft: options.flushBytesSoft ?? limits.flushBytesSoft,
        bytesMax: options.flushBytesMax ?? limits.flushBytesMax,
      },
      stored,
    )
    if (formats.log !== null) await log.stampFormat(formats.log)
    if (formats.data !== null) await data.stampFormat(formats.data)
    const found = await reconcile({
      log,
      data,
      logRanges: [...logs.logs.keys()],
      installations: logs.installations,
      damaged: new Map([...stored.damaged, ...logs.damaged]),
      storeDamage: tail === null ? storeDamage : [...storeDamage, tail],
    })
    for (const { range, state, reason } of found)
      if (state === 'damaged') deps.log.error('a replica is damaged', { range, reason })
    return new EngineStorage({ engines, disk, deps, poison, log, data, found })
  }

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  get identity(): StoreIdentity {
    return this.#parts.disk.identity
  }

  get log(): GroupLogStore {
    return this.#parts.log
  }

  get data(): BufferedDataStore {
    return this.#parts.data
  }

  get found(): readonly FoundRange[] {
    return this.#parts.found
  }

  get space(): DiskSpace {
    return this.#parts.disk.space.newest
  }

  get poison(): KvError | null {
    return this.#parts.poison.error
  }

  checkSpace(): Promise<DiskSpace> {
    return this.#parts.disk.space.check()
  }

  async createReplica(range: RangeId, { replica, hardState, snapshot, data }: NewReplica): Promise<void> {
    assert(!this.log.has(range), () => `range ${range} has a replica here already`)
    assert(replica > (this.log.tombstone(range) ?? -1), () => `replica ${replica} of range ${range} was destroyed here`)
    if (data === null) {
      assert(snapshot.index === 0, 'a replica without data begins at index 0')
      await this.log.createReplica(range, { replica, snapshot, newHardState: hardState })
      return
    }
    assert(data.applied.index === snapshot.index, 'the data of a new replica is at its snapshot point')
    const slots = await this.data.allocate()
    const installing = { replica, slot: slots.user, snapshot, newHardState: hardState }
    await this.log.beginInstall(range, installing)
    await this.data.swap(range, replica, data, slots)
    await this.log.finishInstall(range, installing)
  }

  async install(range: RangeId, { snapshot, load, record }: Installation): Promise<void> {
    const { replica, damage } = this.log.log(range)
    assert(damage === '', () => `replica of ${range} is damaged: it is replaced under a new id, never refilled`)
    const { index, term } = record.applied
    assert(index === snapshot.index && term === snapshot.term, 'the loaded state is at its snapshot point')
    assert(index >= (this.data.stored(range)?.record.applied.index ?? 0), 'a snapshot never takes a replica back')
    const slots = this.data.slotsOf(load)
    const installing = { replica, slot: slots.user, snapshot, newHardState: null }
    await this.log.beginInstall(range, installing)
    await this.data.swap(range, replica, record, slots)
    await this.log.finishInstall(range, installing)
  }

  async destroyReplica(range: RangeId, replica: ReplicaId): Promise<void> {
    await this.log.destroyReplica(range, replica)
    await this.data.destroy(range)
  }

  async markDamaged(range: RangeId, reason: string): Promise<void> {
    this.#parts.deps.log.error('a replica is damaged', { range, reason })
    await this.log.markDamaged(range, reason)
  }

  async scrub(): Promise<readonly string[]> {
    const { disk, deps } = this.#parts
    const flaws = await disk.checkDataTables((bytes) => {
      return new Promise((resolve) => deps.timers.after((bytes / MIB) * SCRUB_REST_MS_PER_MIB, resolve))
    })
    if (flaws.length > 0) for (const range of this.log.ranges) await this.markDamaged(range, flaws.join('; '))
    return flaws
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { engines, log, data, disk, poison } = this.#parts
    if (poison.error === null) await Promise.all([log.flush(), data.flushNow()]).catch(() => {})
    await Promise.all([log.stop(), data.stop()])
    await Promise.all([engines.log.close(), engines.data.close()])
    await disk.release()
  }
}

/** @returns damage found before LevelDB opens anything; on record in a file until every replica carries its mark. */
async function lookAtFiles(directory: string, known: boolean): Promise<string[]> {
  const damage = [...(await earlierDamage(directory))]
  for (const database of ['log', 'data'] as const) {
    const path = join(directory, database)
    if (known && (await readIfThere(join(path, 'CURRENT'))) === undefined) damage.push(`database ${database} is gone`)
    else damage.push(...(await checkDatabase(path, { tables: database === 'log' })))
  }
  if (damage.length > 0) await writeDurably(damageFile(directory), `${JSON.stringify(damage, null, 2)}\n`)
  return damage
}

/** A start that ended between finding damage and marking the replicas. */
async function earlierDamage(directory: string): Promise<string[]> {
  const text = await readIfThere(damageFile(directory))
  return text === undefined ? [] : (JSON.parse(text) as string[])
}

function damageFile(directory: string): string {
  return join(directory, 'damage.json')
}

function openDatabase(directory: string, database: 'log' | 'data'): Promise<Engine> {
  const isLog = database === 'log'
  return openLevelEngine({
    directory: join(directory, database),
    writeBufferBytes: isLog ? LOG_WRITE_BUFFER_BYTES : DATA_WRITE_BUFFER_BYTES,
    cacheBytes: isLog ? MIB : DATA_CACHE_BYTES,
    compression: false,
  })
}

async function orNoSpace<T>(directory: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (thrown) {
    const { bsize, bavail } = await statfs(directory)
    if ((thrown instanceof KvError && thrown.code === 'BadConfig') || bsize * bavail > MIB) throw thrown
    throw new KvError('NoSpace', `the disk of ${directory} is full, the databases cannot be opened`, {
      hint: `free some space or delete ${ballastIn(directory)}, then start again`,
      cause: thrown,
    })
  }
}
