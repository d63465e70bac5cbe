/**
 * The storage of one store: databases `log` and `data` in one folder, opened together, because each vouches for the other.
 *
 * The order of a start: lock the folder, read the identity, look at LevelDB's files, open the databases, read them, finish
 * what a crash cut in two, put damage on record, make a damaged `log` anew. Only then is anything of it told.
 */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { ballastIn, DiskSpaceWatch } from './disk-space.ts'
import { EngineStorage, type Disk, type Engines } from './engine-storage.ts'
import { lockFolder } from './folder-lock.ts'
import { newIdentity, readIdentity, writeIdentity } from './identity.ts'
import { openLevelEngine } from './level-engine.ts'
import { memoryEngine, type MemoryDisk } from './memory-engine.ts'
import type { DiskSpace, Engine, Storage, StorageDeps, StorageOptions, StoreIdentity } from './ports.ts'
import { rebuildLog } from './log-rebuild.ts'
import { forgetDamage, lookAtFiles } from './look-at-files.ts'
import { checkTables } from './raw/check-database.ts'

const MIB = 1024 * 1024
/**
 * LevelDB's one background thread serves both databases: with its default of 4 MiB log syncs stall while `data` compacts,
 * with 64 MiB a compaction maps 300 MB of tables at once (docs/adr/0008).
 */
const LOG_WRITE_BUFFER_BYTES = 16 * MIB
const DATA_WRITE_BUFFER_BYTES = 8 * MIB
/** Tables are uncompressed and mapped into memory: LevelDB's own cache holds next to nothing of them, 8 or 64 MiB read alike. */
const DATA_CACHE_BYTES = 8 * MIB

/**
 * @throws KvError BadConfig (locked, another cluster's, newer format), NoSpace (disk full), Corrupt (LevelDB refuses the
 * folder), StorageFailed
 */
export async function openStorage(options: StorageOptions, deps: StorageDeps): Promise<Storage> {
  const { directory } = options
  await mkdir(directory, { recursive: true })
  const lock = await orNoSpace(directory, () => lockFolder(directory))
  const space = new DiskSpaceWatch(options, deps)
  let storage: EngineStorage | null = null
  try {
    const known = await readIdentity(directory, options.cluster)
    const damage = await lookAtFiles({ directory, isNew: known === undefined, uncleanEnds: lock.uncleanEnds })
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
    const open = async (release: Disk['release']): Promise<EngineStorage> =>
      withEngines(directory, (engines) =>
        EngineStorage.open(engines, damage.reasons, { ...disk, release }, options, deps),
      )
    if (damage.rebuildsLog) {
      await closeMarked(await open(async () => {}))
      await orNoSpace(directory, () => rebuildLog(directory, openLog))
      deps.log.warn('database log is made anew, the damaged one is kept', { folder: join(directory, 'log.damaged') })
    }
    storage = await open(disk.release)
    await space.start()
    if (known === undefined) await writeIdentity(directory, disk.identity)
    if (damage.reasons.length > 0) await forgetDamage(directory)
    return storage
  } catch (thrown) {
    space.stop()
    await (storage === null ? lock.release() : storage.close())
    throw thrown
  }
}

/** Opening put the marks on record. @throws KvError when a write failed: then the log must stay as it is */
async function closeMarked(storage: EngineStorage): Promise<void> {
  await storage.close()
  if (storage.poison !== null) throw storage.poison
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
  return openStorageOver({ log: memoryEngine(disks.log), data: memoryEngine(disks.data) }, options, deps)
}

/** The same storage over engines of the caller's own, which it closes; nothing else is on the disk. */
export function openStorageOver(
  engines: Engines,
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
  return EngineStorage.open(engines, [], disk, options, deps)
}

/** Both databases, closed again when `use` fails. */
async function withEngines<T>(directory: string, use: (engines: Engines) => Promise<T>): Promise<T> {
  const log = await orNoSpace(directory, () => openLog(join(directory, 'log')))
  let data: Engine | null = null
  try {
    data = await orNoSpace(directory, () => openData(join(directory, 'data')))
    return await use({ log, data })
  } catch (thrown) {
    await Promise.all([log.close(), data?.close()])
    throw thrown
  }
}

function openLog(directory: string): Promise<Engine> {
  return openLevelEngine({
    directory,
    writeBufferBytes: LOG_WRITE_BUFFER_BYTES,
    cacheBytes: MIB,
    compression: false,
  })
}

function openData(directory: string): Promise<Engine> {
  return openLevelEngine({
    directory,
    writeBufferBytes: DATA_WRITE_BUFFER_BYTES,
    cacheBytes: DATA_CACHE_BYTES,
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
