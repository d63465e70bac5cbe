/**
 * A store's disk: two databases (log, data), each with one synced write in flight, as the real store has them. What a
 * write will have left behind is known only once its sync returned. A crash keeps the durable image, and of what was in
 * flight whatever hurts most: any prefix of its records, the record after that torn. A torn record fails its checksum and
 * is dropped, with everything behind it.
 */
import { assert } from '@base-kv/base'
import type { Entry, HardState, Member, SnapshotMeta } from '@base-kv/raft'
import { fingerprint } from './command.ts'
import type { Coverage } from './faults.ts'
import { LogImage } from './log-image.ts'
import type { Prng } from './prng.ts'
import type { Registers } from './registers.ts'

/** What one turn writes to the log database: all of it or nothing. */
export interface LogRecord {
  readonly self: Member
  readonly hardState: HardState | null
  readonly truncateFrom: number | null
  readonly entries: readonly Entry[]
  /** The log is cut off here: its own, already applied and flushed, point. */
  readonly cut: SnapshotMeta | null
  /** A pulled snapshot is about to take the place of the data ... */
  readonly intent: SnapshotMeta | null
  /** ... and has taken it: the log begins behind it. */
  readonly install: SnapshotMeta | null
  /** The replica is gone for good. */
  readonly tombstone: boolean
}

export const emptyRecord = (self: Member): LogRecord => ({
  self,
  hardState: null,
  truncateFrom: null,
  entries: [],
  cut: null,
  intent: null,
  install: null,
  tombstone: false,
})

/** A replica as the log database holds it. */
export interface ReplicaImage {
  readonly self: Member
  hardState: HardState
  readonly log: LogImage
  intent: SnapshotMeta | null
}

/** Applied state, tagged with the replica that it belongs to. */
export interface DataImage {
  readonly self: Member
  readonly registers: Registers
}

interface LogWrite {
  readonly record: LogRecord
  readonly done: () => void
}

interface DataWrite {
  readonly image: DataImage
  readonly done: () => void
}

export interface DiskDeps {
  readonly prng: Prng
  readonly after: (delayMs: number, run: () => void) => void
  readonly worldNowMs: () => number
  readonly localNowMs: () => number
  readonly coverage: Coverage
  /** The first failed write of any kind: the store must stop. */
  readonly failed: () => void
}

export class Disk {
  replica: ReplicaImage | null = null
  data: DataImage | null = null
  /** The highest replica id that ever ended here. */
  tombstone = 0
  /** Local time since when a log sync is in flight, or null. */
  busySinceMs: number | null = null
  /** How long a sync takes, on average. */
  syncMs: number
  /** No sync returns before this world time. */
  hungUntilMs = 0
  /** The next sync that returns reports an error. */
  failNext = false

  private readonly deps: DiskDeps
  private life = 0
  private logQueue: LogWrite[] = []
  private logInFlight: LogWrite[] = []
  private dataQueue: DataWrite[] = []
  private dataInFlight: DataWrite | null = null

  constructor(syncMs: number, deps: DiskDeps) {
    this.syncMs = syncMs
    this.deps = deps
  }

  writeLog(record: LogRecord, done: () => void): void {
    this.logQueue.push({ record, done })
    if (this.logInFlight.length === 0) this.beginLog()
  }

  writeData(image: DataImage, done: () => void): void {
    this.dataQueue.push({ image, done })
    if (!this.dataInFlight) this.beginData()
  }

  get dataBusy(): boolean {
    return this.dataInFlight !== null || this.dataQueue.length > 0
  }

  /** The machine is gone; the disk keeps what it kept. `lose` and `tear` say how unkind it may be. */
  crash(lose: boolean, tear: boolean): void {
    const { prng, coverage } = this.deps
    this.life++
    const count = this.logInFlight.length
    const kept = lose ? prng.integer(0, count) : count
    const journal: Stored[] = this.logInFlight.slice(0, kept).map(({ record }) => store(record))
    const next = this.logInFlight[kept]
    if (next && tear && prng.chance(0.7)) {
      journal.push(torn(store(next.record), prng))
      coverage.add('tornWrite')
    }
    if (kept < count || this.logQueue.length > 0) coverage.add('lostWrites')
    for (const stored of journal) {
      if (checksum(stored.record) !== stored.checksum) {
        coverage.add('tornRecordDropped')
        break
      }
      this.applyLog(stored.record)
    }
    if (this.dataInFlight && (!lose || prng.chance(0.5))) this.data = this.dataInFlight.image
    this.logQueue = []
    this.logInFlight = []
    this.dataQueue = []
    this.dataInFlight = null
    this.busySinceMs = null
    this.failNext = false
  }

  private beginLog(): void {
    if (this.logQueue.length === 0) return
    this.logInFlight = this.logQueue
    this.logQueue = []
    this.busySinceMs = this.deps.localNowMs()
    this.sync(() => {
      const group = this.logInFlight
      this.logInFlight = []
      this.busySinceMs = null
      for (const { record } of group) this.applyLog(record)
      this.beginLog()
      for (const { done } of group) done()
    })
  }

  private beginData(): void {
    const write = this.dataQueue.shift()
    if (!write) return
    this.dataInFlight = write
    this.sync(() => {
      this.data = write.image
      this.dataInFlight = null
      this.beginData()
      write.done()
    })
  }

  private sync(done: () => void): void {
    const { after, prng, worldNowMs, failed } = this.deps
    const life = this.life
    const attempt = (): void => {
      if (life !== this.life) return
      if (this.hungUntilMs > worldNowMs()) {
        after(this.hungUntilMs - worldNowMs(), attempt)
      } else if (this.failNext) {
        this.deps.coverage.add('diskError')
        failed()
      } else {
        done()
      }
    }
    after(this.syncMs * (0.3 + prng.gap(0.7)), attempt)
  }

  private applyLog(record: LogRecord): void {
    if (record.tombstone) {
      this.tombstone = Math.max(this.tombstone, record.self.replica)
      this.replica = null
      return
    }
    if (!this.replica) {
      this.replica = {
        self: record.self,
        hardState: { term: 0, vote: null, commit: 0 } as unknown as HardState,
        log: new LogImage({ index: 0, term: 0, config: noConfig } as unknown as SnapshotMeta),
        intent: null,
      }
    }
    const { replica } = this
    assert(replica.self.replica === record.self.replica, 'a record of another replica')
    if (record.hardState) replica.hardState = record.hardState
    if (record.truncateFrom !== null) replica.log.truncateFrom(record.truncateFrom)
    replica.log.append(record.entries)
    if (record.cut) replica.log.cut(record.cut)
    if (record.intent) replica.intent = record.intent
    if (record.install) {
      replica.log.install(record.install)
      replica.intent = null
    }
  }
}

/** What a replica knows before anyone told it anything. */
export const noConfig = { voters: [], learners: [], nextVoters: [], nextLearners: [] } as const

interface Stored {
  readonly record: LogRecord
  readonly checksum: number
}

const store = (record: LogRecord): Stored => ({ record, checksum: checksum(record) })

/** The same checksum over less: only a part of the record reached the platter. */
function torn(stored: Stored, prng: Prng): Stored {
  const { record } = stored
  const entries = record.entries.slice(0, prng.below(record.entries.length + 1))
  const rest = prng.chance(0.5) && entries.length < record.entries.length ? record.hardState : null
  return {
    record: { ...record, entries, hardState: rest, cut: null, intent: null, install: null, tombstone: false },
    checksum: stored.checksum,
  }
}

function checksum(record: LogRecord): number {
  let sum = 17
  const mix = (value: number): void => {
    sum = (Math.imul(sum ^ value, 0x01000193) ^ (sum >>> 11)) >>> 0
  }
  mix(record.truncateFrom ?? 0)
  mix(record.hardState ? record.hardState.term + 1 : 0)
  mix(record.hardState?.vote ? record.hardState.vote.replica + 1 : 0)
  for (const entry of record.entries) {
    mix(entry.index)
    mix(entry.term)
    mix(fingerprint(entry))
  }
  mix(record.cut ? 1 + record.cut.index : 0)
  mix(record.intent ? 1 + record.intent.index : 0)
  mix(record.install ? 1 + record.install.index : 0)
  mix(record.tombstone ? 1 : 0)
  return sum
}
