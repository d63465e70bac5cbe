/** The storage of one store over two engines, wherever they are: whole replicas come, change and go here. */
import { assert, killPoint, KvError, limits, type RangeId, type ReplicaId } from '@base-kv/base'
import { BatchNumber, checkFormat, lostTail } from './batch-number.ts'
import { recoverData } from './data-recovery.ts'
import { dataKeys } from './data-keys.ts'
import { BufferedDataStore } from './data-store.ts'
import { FORMAT_VERSION } from './identity.ts'
import { logKeys } from './log-keys.ts'
import { recoverLogs } from './log-recovery.ts'
import { GroupLogStore } from './log-store.ts'
import { Poison } from './poison.ts'
import type {
  DiskSpace,
  Engine,
  FoundRange,
  Installation,
  Merge,
  NewReplica,
  Renewal,
  Split,
  Storage,
  StorageDeps,
  StorageOptions,
  StoreIdentity,
} from './ports.ts'
import { describeReplica, reconcile } from './recovery.ts'

const MIB = 1024 * 1024
const LOG_CACHE_BYTES = 16 * MIB
const SEGMENTS_MAX = 256
/** A scrub reads this much, then rests: 16 MiB a second. */
const SCRUB_REST_MS_PER_MIB = 64

/** What is not one of the two databases. */
export interface Disk {
  readonly identity: StoreIdentity
  readonly isNew: boolean
  readonly space: { readonly newest: DiskSpace; check(): Promise<DiskSpace> }
  readonly checkDataTables: (pace: (bytes: number) => Promise<void>) => Promise<string[]>
  readonly release: () => Promise<void>
}

export interface Engines {
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

export class EngineStorage implements Storage {
  readonly #parts: Parts
  #closing: Promise<void> | null = null
  /** Ranges whose data a snapshot is being made of. */
  readonly #arriving = new Set<RangeId>()

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
        segmentsMax: options.segmentsMax ?? SEGMENTS_MAX,
        log: deps.log,
      },
      stored,
    )
    try {
      if (formats.log !== null) await log.stampFormat(formats.log)
      if (formats.data !== null) await data.stampFormat(formats.data)
      const found = await reconcile({
        log,
        data,
        logRanges: [...logs.logs.keys()],
        installations: logs.installations,
        halves: logs.halves,
        absorbed: stored.absorbed,
        damaged: new Map([...stored.damaged, ...logs.damaged]),
        storeDamage: tail === null ? storeDamage : [...storeDamage, tail],
      })
      for (const { range, state, reason } of found) {
        if (state === 'damaged') deps.log.error('a replica is damaged', { range, reason })
      }
      return new EngineStorage({ engines, disk, deps, poison, log, data, found })
    } catch (thrown) {
      await Promise.all([log.stop(), data.stop()])
      throw thrown
    }
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

  async install(range: RangeId, installation: Installation): Promise<void> {
    assert(!this.#arriving.has(range), () => `two installations of ${range} at once`)
    this.#arriving.add(range)
    try {
      await this.#install(range, installation)
    } finally {
      this.#arriving.delete(range)
    }
  }

  async #install(range: RangeId, { snapshot, load, record, replaces = [] }: Installation): Promise<void> {
    const log = this.log.log(range)
    const { replica, damage } = log
    assert(damage === '', () => `replica of ${range} is damaged: it is replaced under a new id, never refilled`)
    const { index, term } = record.applied
    assert(index === snapshot.index && term === snapshot.term, 'the loaded state is at its snapshot point')
    assert(!log.holds(snapshot) || log.last === index, () => `range ${range} holds entries behind snapshot ${index}`)
    assert(index >= (this.data.stored(range)?.record.applied.index ?? 0), 'a snapshot never takes a replica back')
    const slots = this.data.slotsOf(load)
    const installing = { replica, slot: slots.user, snapshot, newHardState: null }
    await this.log.beginInstall(range, installing)
    killPoint('snapshot.install')
    await this.data.swap(range, replica, record, slots, replaces)
    killPoint('snapshot.swapped')
    await this.log.finishInstall(range, installing)
    killPoint('snapshot.installed')
    for (const one of replaces) {
      await this.log.destroyReplica(one, this.log.log(one).replica)
      await this.data.forgetAbsorbed(one)
    }
  }

  split(left: RangeId, split: Split): FoundRange | null {
    const { range, replica, snapshot, hardState, state, local = [] } = split.right
    const creates = !this.#arriving.has(range) && !this.data.has(range) && this.log.takesHalf(range, replica)
    if (!creates) {
      this.data.split(left, split, null).release()
      return null
    }
    const { index, term } = snapshot
    assert(hardState.commit === index && hardState.term >= term, 'a half begins at its snapshot point')
    const onDurable = (): void => {
      killPoint('split.flushed')
      this.log.finishHalf(range)
      split.onDurable?.()
    }
    const half = { range, replica, applied: { index, term }, state, local }
    const { release } = this.data.split(left, { ...split, onDurable }, half)
    this.log.beginHalf(range, { replica, snapshot, newHardState: hardState }, () => {
      killPoint('split.logged')
      release()
    })
    return describeReplica(this.log, this.data, range)
  }

  merge(left: RangeId, merge: Merge): void {
    const { right } = merge
    const { replica, damage } = this.log.log(right)
    assert(damage === '', () => `replica of ${right} is damaged: its keys must not be taken over`)
    const onDurable = (): void => {
      killPoint('merge.flushed')
      merge.onDurable?.()
      // A failed write has poisoned the store already and is told there.
      this.#forgetAbsorbed(right, replica).catch(() => {})
    }
    this.data.merge(left, { ...merge, onDurable })
  }

  async #forgetAbsorbed(range: RangeId, replica: ReplicaId): Promise<void> {
    await this.log.destroyReplica(range, replica)
    killPoint('merge.entombed')
    await this.data.forgetAbsorbed(range)
    killPoint('merge.finished')
  }

  replica(range: RangeId): FoundRange {
    return describeReplica(this.log, this.data, range)
  }

  async renewReplica(range: RangeId, renewal: Renewal): Promise<FoundRange> {
    await this.log.renew(range, renewal)
    // A crash before that reaches the disk is mended at start.
    this.data.adopt(range, renewal.replica)
    return this.replica(range)
  }

  async destroyReplica(range: RangeId, replica: ReplicaId): Promise<void> {
    // A tombstone in front of a split or merge on its way to disk would take the other half's data along.
    if (this.data.isReshaping(range)) await this.data.flushNow()
    killPoint('replica.destroy')
    await this.log.destroyReplica(range, replica)
    killPoint('replica.entombed')
    await this.data.destroy(range)
    killPoint('replica.destroyed')
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
