/**
 * The storage of one store: databases `log` and `data` in one folder, opened together, because each vouches for the other.
 *
 * The order of a start: lock the folder, read the identity, look at LevelDB's files, open the databases, read them, finish
 * what a crash cut in two, put damage on record. Only then is anything of it told.
 */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { ballastIn, DiskSpaceWatch } from './disk-space.ts'
import { EngineStorage, type Disk } from './engine-storage.ts'
import { lockFolder } from './folder-lock.ts'
import { newIdentity, readIdentity, writeIdentity } from './identity.ts'
import { openLevelEngine } from './level-engine.ts'
import { memoryEngine, type MemoryDisk } from './memory-engine.ts'
import type { DiskSpace, Engine, Storage, StorageDeps, StorageOptions, StoreIdentity } from './ports.ts'
import { forgetDamage, lookAtFiles } from './look-at-files.ts'
import { checkTables } from './raw/check-database.ts'

const MIB = 1024 * 1024
/** LevelDB's one background thread serves both databases: with the default buffer log syncs stall for a second under load. */
const LOG_WRITE_BUFFER_BYTES = 64 * MIB
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
  const opened: Engine[] = []
  const space = new DiskSpaceWatch(options, deps)
  try {
    const known = await readIdentity(directory, options.cluster)
    const damage = await lookAtFiles({ directory, isNew: known === undefined, uncleanEnds: lock.uncleanEnds })
    for (const database of ['log', 'data'] as const) {
      opened.push(await orNoSpace(directory, () => openDatabase(directory, database)))
    }
    const [log, data] = opened as [Engine, Engine]
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
    if (damage.length > 0) await forgetDamage(directory)
    return storage
  } catch (thrown) {
    space.stop()
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
