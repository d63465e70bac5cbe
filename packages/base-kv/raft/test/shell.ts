/**
 * The smallest honest shell around one core, for scripts: it writes to a disk that can be held back, and reports what
 * happened in words. Nothing is sent, persisted or applied but through the rules of types.ts.
 */
import { type LogIndex, type Random, type Term } from '@base-kv/base'
import {
  type Config,
  createRaft,
  type HardState,
  type Member,
  type Message,
  type RaftMachine,
  type RaftOptions,
  type Ready,
  type SnapshotMeta,
} from '@base-kv/raft'
import { MemoryLog } from './memory-log.ts'
import { configText, entriesText, memberText } from './words.ts'

export interface Durable {
  hardState: HardState
  log: MemoryLog
  applied: number
}

interface Write {
  readonly ready: Ready
  readonly afterPersist: Message[]
}

export interface ShellDoors {
  readonly options: RaftOptions
  readonly random: Random
  send(message: Message): void
  print(line: string): void
}

export class Shell {
  readonly self: Member
  readonly durable: Durable
  machine: RaftMachine
  log: MemoryLog
  applied: number
  /** Writes and applies wait for a command. */
  held = false
  appliesHeld = false
  pull: { readonly from: Member; readonly snapshot: SnapshotMeta } | null = null
  private writes: Write[] = []
  private toApply: number[] = []
  private readonly doors: ShellDoors
  private seen = ''
  private seenCommit = 0

  constructor(self: Member, durable: Durable, doors: ShellDoors, nowMs: number) {
    this.self = self
    this.durable = durable
    this.doors = doors
    this.log = durable.log.clone()
    this.applied = durable.applied
    this.machine = createRaft(
      {
        self,
        hardState: durable.hardState,
        snapshot: durable.log.snapshot,
        lastIndex: durable.log.last as LogIndex,
        applied: durable.applied as LogIndex,
      },
      doors.options,
      { log: this.log, random: doors.random },
    )
    this.log.reads = 0
    this.machine.ready(nowMs)
    this.seenCommit = this.machine.commit
    this.seen = this.face()
  }

  static durable(config: Config, at: { readonly index: number; readonly term: number }): Durable {
    const snapshot: SnapshotMeta = { index: at.index as LogIndex, term: at.term as Term, config }
    return {
      hardState: { term: at.term as Term, vote: null, commit: at.index as LogIndex },
      log: new MemoryLog(snapshot),
      applied: at.index,
    }
  }

  /** One turn. @returns whether there was anything to do. */
  turn(nowMs: number): boolean {
    if (!this.machine.hasReady()) return false
    const ready = this.machine.ready(nowMs)
    if (ready.truncateFrom !== null) {
      this.say(`truncates from ${ready.truncateFrom}`)
      this.log.truncateFrom(ready.truncateFrom)
    }
    this.log.append(ready.entries)
    if (ready.statusChanged) this.sayFace()
    for (const message of ready.messages) this.doors.send(message)
    if (ready.persistId !== 0) {
      this.writes.push({ ready, afterPersist: [...ready.messagesAfterPersist] })
      if (!this.held) this.persist(nowMs)
    } else {
      const newest = this.writes.at(-1)
      if (newest) newest.afterPersist.push(...ready.messagesAfterPersist)
      else for (const message of ready.messagesAfterPersist) this.doors.send(message)
    }
    if (this.machine.commit > this.seenCommit) {
      this.seenCommit = this.machine.commit
      this.say(`commit ${this.seenCommit}`)
    }
    if (ready.committed.length > 0) {
      this.say(`applies ${entriesText(ready.committed)}`)
      this.toApply.push(...ready.committed.map(({ index }) => index))
    }
    if (!this.appliesHeld) this.apply()
    for (const { request, index } of ready.reads) this.say(`read ${request} at ${index}`)
    for (const request of ready.readsAborted) this.say(`read ${request} aborted`)
    if (ready.pullSnapshot) {
      this.pull = ready.pullSnapshot
      this.say(`pulls snapshot ${this.pull.snapshot.index} from ${memberText(this.pull.from)}`)
    }
    return true
  }

  /** The oldest writes become durable. */
  persist(nowMs: number, count = this.writes.length): void {
    for (const { ready, afterPersist } of this.writes.splice(0, count)) {
      const { durable } = this
      if (ready.hardState) durable.hardState = ready.hardState
      if (ready.truncateFrom !== null) durable.log.truncateFrom(ready.truncateFrom)
      durable.log.append(ready.entries)
      this.machine.persisted(nowMs, ready.persistId)
      for (const message of afterPersist) this.doors.send(message)
    }
  }

  get writesInFlight(): number {
    return this.writes.length
  }

  apply(): void {
    const index = this.toApply.at(-1)
    this.toApply = []
    if (index === undefined) return
    this.applied = index
    this.durable.applied = index
    this.machine.applied(index as LogIndex)
  }

  compact(index: number): SnapshotMeta {
    const snapshot = this.machine.compact(index as LogIndex)
    this.log.cut(snapshot)
    this.durable.log.cut(snapshot)
    return snapshot
  }

  install(nowMs: number, snapshot: SnapshotMeta): void {
    this.persist(nowMs)
    this.pull = null
    this.toApply = []
    this.log.snapshot = snapshot
    this.log.list = []
    this.durable.log = this.log.clone()
    this.durable.applied = snapshot.index
    this.applied = snapshot.index
    this.seenCommit = snapshot.index
    this.machine.snapshotInstalled(nowMs, snapshot)
  }

  failPull(nowMs: number): void {
    this.pull = null
    this.machine.snapshotFailed(nowMs)
  }

  say(words: string): void {
    this.doors.print(`${memberText(this.self)} ${words}`)
  }

  private sayFace(): void {
    const face = this.face()
    if (face !== this.seen) this.say(face)
    this.seen = face
  }

  private face(): string {
    const { role, term, leader } = this.machine
    const status = this.machine.status(0)
    const words = [role, `term ${term}`]
    if (role === 'follower') words.push(leader ? `of ${memberText(leader)}` : 'of nobody')
    words.push(configText(status.config))
    if (status.transferTarget) words.push('transferring')
    if (status.asleep) words.push('asleep')
    return words.join(' ')
  }
}
