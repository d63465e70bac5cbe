/**
 * The shell around one core, for one life: from a start, out of what was durable, to a crash or its removal. It does what
 * the real store does: a turn takes the core's `ready`, submits the write, sends what may go at once, sends the rest when
 * the write is durable, applies what is committed, and reports back. Each of these is an effect of its own in one queue,
 * so that a crash can fall between any two, and so that other inputs can.
 */
import { assert } from '@base-kv/base'
import {
  createRaft,
  EntryType,
  type Config,
  type Entry,
  type Member,
  type Message,
  type RaftMachine,
  type RaftStart,
  type Ready,
  type SnapshotMeta,
} from '@base-kv/raft'
import { Leadership } from './checkers/leadership.ts'
import { configInForce, type View } from './checkers/view.ts'
import type { ReadFloor } from './checkers/reads.ts'
import { encodeCommand } from './command.ts'
import { emptyRecord, type Disk, type LogRecord } from './disk.ts'
import type { LogImage } from './log-image.ts'
import type { Registers } from './registers.ts'
import { Requests } from './requests.ts'
import { isJoint, isMember, memberText, storeNumber } from './stores.ts'
import { traceMessage } from './trace-message.ts'
import type { World } from './world.ts'

/** What a replica wants from its node. */
export interface Host {
  readonly number: number
  readonly disk: Disk
  readonly localNowMs: number
  /** Queues an effect of the shell. */
  effect(name: string, run: () => void): void
  /** Runs later unless the node crashed meanwhile; waits for the end of a pause. */
  later(delayMs: number, run: () => void): void
  /** The replica has applied its own removal. */
  removed(replica: Replica): void
}

export class Replica {
  readonly self: Member
  readonly machine: RaftMachine
  readonly log: LogImage
  readonly view: View
  registers: Registers
  asleep = false
  private led = false
  /** From the arrival of a snapshot until the core knows of it. */
  installing = false
  ended = false

  private readonly leadership: Leadership
  private readonly world: World
  private readonly host: Host
  private turnDue = false
  private newestPersistId = 0
  private durablePersistId = 0
  private reportedPersistId = 0
  private readonly afterPersist: { readonly id: number; readonly message: Message }[] = []
  private applyQueue: Entry[] = []
  private applyDue = false
  private appliedReported: number
  private readonly requests: Requests
  private pull: { readonly token: number; readonly snapshot: SnapshotMeta } | null = null

  constructor(
    world: World,
    host: Host,
    start: RaftStart,
    parts: { readonly log: LogImage; readonly registers: Registers },
  ) {
    this.world = world
    this.host = host
    this.self = start.self
    this.log = parts.log
    this.registers = parts.registers
    this.appliedReported = start.applied
    this.machine = createRaft(start, world.swarm.raft, { log: parts.log, random: world.prng })
    this.view = {
      number: host.number,
      self: start.self,
      machine: this.machine,
      log: parts.log,
      disk: host.disk,
      seen: {
        role: 'follower',
        term: this.machine.term,
        commit: 0,
        config: parts.log.configAt(parts.log.last).config,
        configIndex: parts.log.configAt(parts.log.last).index,
        handedOut: start.applied,
        persistId: 0,
      },
    }
    this.requests = new Requests(world, host.number)
    this.leadership = new Leadership(world.disks, world.swarm.raft.electionTimeoutMs)
    world.observer.applies.state(host.number, parts.registers)
    this.stepped()
  }

  /** One input to the core. */
  input(act: (machine: RaftMachine, nowMs: number) => void): void {
    if (this.ended) return
    act(this.machine, this.host.localNowMs)
    this.stepped()
    this.scheduleTurn()
  }

  tick(): void {
    this.input((machine, nowMs) => {
      machine.diskBusySince(this.host.disk.busySinceMs)
      if (this.asleep) return
      machine.tick(nowMs)
      this.leadership.ticked(this.view, nowMs)
    })
  }

  step(message: Message): void {
    this.input((machine, nowMs) => {
      this.leadership.received(message, nowMs)
      machine.step(nowMs, message)
    })
  }

  propose(id: number, key: number, bytes: number): boolean {
    let accepted = false
    this.input((machine, nowMs) => {
      const result = machine.propose(nowMs, encodeCommand({ id, key }, bytes))
      accepted = result.ok
      if (result.ok) this.requests.proposed(result.index, { id, key, term: result.term })
      this.world.trace.add('propose', this.host.number, id, result.ok ? result.index : result.reason)
    })
    return accepted
  }

  /** Through a read round. @returns whether the core took it. */
  read(floor: ReadFloor): boolean {
    let accepted = false
    this.input((machine, nowMs) => {
      const result = machine.readIndex(nowMs)
      accepted = result.ok
      if (result.ok) this.requests.asked(result.request, floor)
      this.world.trace.add('read', this.host.number, floor.key, result.ok ? result.request : result.reason)
    })
    return accepted
  }

  leaseRead(floor: ReadFloor): void {
    this.input((machine, nowMs) => {
      const index = machine.leaseReadIndex(nowMs)
      if (index !== null) this.requests.leased(floor, index)
      this.world.trace.add('leaseRead', this.host.number, floor.key, index ?? 'none')
    })
    this.requests.serve(this.registers)
  }

  /**
   * A group may sleep without a member that was silent; if its host never went away, nobody reports it back. So a leader
   * that sleeps while somebody lacks entries is woken now and then.
   */
  lookAfterSleep(): void {
    if (!this.asleep || this.machine.role !== 'leader') return
    const { progress, lastIndex } = this.machine.status(this.host.localNowMs)
    if (progress.some(({ match }) => match < lastIndex)) this.input((machine, nowMs) => machine.wake(nowMs))
  }

  /** Writes the applied state; then the log behind it may go. */
  flush(): void {
    const { disk } = this.host
    if (this.ended || this.installing || disk.dataBusy) return
    const known = disk.data?.self.replica === this.self.replica ? disk.data.registers.index : 0
    if (this.registers.index <= known) return
    const registers = this.registers.clone()
    disk.writeData({ self: this.self, registers }, () => this.host.effect('flushed', () => this.compact(registers)))
  }

  /** Answers a pull with the newest state that is on the disk. */
  serveState(to: Member, token: number, snapshot: SnapshotMeta): void {
    const data = this.host.disk.data
    const registers =
      data && data.self.replica === this.self.replica && data.registers.index >= snapshot.index ? data.registers : null
    const { network, swarm, prng, coverage, calm } = this.world
    const send = (): void =>
      network.send(this.host.number, storeNumber(to.store), { kind: 'state', to, token, registers })
    send()
    if (calm || !swarm.faults.has('snapshotDuplicated') || prng.chance(0.5)) return
    coverage.add('snapshotDuplicated')
    this.host.later(prng.between(0, 2) * swarm.raft.electionTimeoutMs, send)
  }

  /** A pulled state arrived, or the word that there is none. */
  stateArrived(token: number, registers: Registers | null): void {
    if (this.ended || this.pull?.token !== token) return
    this.pull = null
    const { world, host } = this
    if (registers === null || (!world.calm && world.swarm.faults.has('snapshotFailed') && world.prng.chance(0.3))) {
      this.pullFailed()
      return
    }
    this.installing = true
    const { snapshot } = registers
    world.trace.add('install', host.number, snapshot.index, snapshot.term)
    host.disk.writeLog({ ...emptyRecord(this.self), intent: snapshot }, () =>
      host.effect('intent', () =>
        host.disk.writeData({ self: this.self, registers: registers.clone() }, () =>
          host.effect('swap', () => this.swap(registers)),
        ),
      ),
    )
  }

  /** Ends this life without a crash: the replica is no more. */
  end(): void {
    this.ended = true
  }

  private swap(registers: Registers): void {
    const { snapshot } = registers
    this.host.disk.writeLog({ ...emptyRecord(this.self), install: snapshot }, () =>
      this.host.effect('installed', () => {
        this.registers = registers.clone()
        this.applyQueue = []
        this.log.install(snapshot)
        this.view.seen.handedOut = Math.max(this.view.seen.handedOut, snapshot.index)
        this.appliedReported = Math.max(this.appliedReported, snapshot.index)
        this.installing = false
        this.requests.forget(snapshot.index)
        this.world.observer.applies.state(this.host.number, this.registers)
        this.world.coverage.add('snapshotInstalled')
        this.input((machine, nowMs) => machine.snapshotInstalled(nowMs, snapshot))
        this.requests.serve(this.registers)
      }),
    )
  }

  private pullFailed(): void {
    this.world.coverage.add('snapshotFailed')
    this.input((machine, nowMs) => machine.snapshotFailed(nowMs))
  }

  private stepped(): void {
    this.world.observer.stepped(this.view, this.host.localNowMs)
  }

  private scheduleTurn(): void {
    if (this.turnDue || !this.machine.hasReady()) return
    this.turnDue = true
    this.host.later(this.world.swarm.turnDelayMs, () => this.turn())
  }

  private turn(): void {
    this.turnDue = false
    if (this.ended) return
    const { world, host, machine, view } = this
    const ready = machine.ready(host.localNowMs)
    world.observer.turned(view, ready)
    if (ready.truncateFrom !== null) {
      world.coverage.add('conflictTruncated')
      this.log.truncateFrom(ready.truncateFrom)
    }
    this.log.append(ready.entries)
    this.stepped()
    world.observer.written(view, ready)
    this.leadership.turned(view, host.localNowMs)
    assert(
      this.log.last === machine.lastIndex,
      () => `${memberText(this.self)}: core ends at ${machine.lastIndex}, log at ${this.log.last}`,
    )
    if (world.swarm.sendFirst) this.send(ready.messages)
    this.persist(ready)
    if (!world.swarm.sendFirst) this.send(ready.messages)
    if (ready.committed.length > 0) {
      this.applyQueue.push(...ready.committed)
      this.scheduleApply()
    }
    this.requests.answered(ready)
    if (ready.pullSnapshot) this.startPull(ready.pullSnapshot)
    if (ready.statusChanged) this.statusChanged()
    this.requests.serve(this.registers)
    this.scheduleTurn()
  }

  private persist(ready: Ready): void {
    const { host } = this
    if (ready.persistId === 0) {
      if (this.newestPersistId === this.durablePersistId) this.send(ready.messagesAfterPersist)
      else
        for (const message of ready.messagesAfterPersist) this.afterPersist.push({ id: this.newestPersistId, message })
      return
    }
    const id = ready.persistId
    this.newestPersistId = id
    for (const message of ready.messagesAfterPersist) this.afterPersist.push({ id, message })
    const record: LogRecord = {
      ...emptyRecord(this.self),
      hardState: ready.hardState,
      truncateFrom: ready.truncateFrom,
      entries: ready.entries,
    }
    host.effect('submit', () => {
      this.world.trace.add(
        'write',
        host.number,
        id,
        ready.truncateFrom ?? 0,
        ready.entries[0]?.index ?? 0,
        ready.entries.length,
      )
      host.disk.writeLog(record, () => this.durable(id))
    })
  }

  private durable(id: number): void {
    this.durablePersistId = id
    this.world.trace.add('durable', this.host.number, id)
    while (this.afterPersist.length > 0 && (this.afterPersist[0] as { id: number }).id <= id) {
      this.send([(this.afterPersist.shift() as { message: Message }).message])
    }
    this.host.effect('persisted', () => {
      const report = this.world.swarm.reportEach ? id : this.durablePersistId
      if (report <= this.reportedPersistId) return
      this.reportedPersistId = report
      this.input((machine, nowMs) => machine.persisted(nowMs, report))
    })
  }

  private send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.host.effect('send', () => {
        if (this.ended) return
        traceMessage(this.world.trace, 'send', message)
        this.world.observer.left(message)
        this.world.network.send(this.host.number, storeNumber(message.to.store), { kind: 'raft', message })
      })
    }
  }

  private scheduleApply(): void {
    if (this.applyDue || this.applyQueue.length === 0) return
    this.applyDue = true
    this.host.later(this.world.swarm.applyDelayMs, () => {
      this.applyDue = false
      if (this.ended || this.installing) return
      for (const entry of this.applyQueue.splice(0, this.world.swarm.applyChunk)) this.apply(entry)
      const { index } = this.registers
      this.requests.serve(this.registers)
      this.host.effect('applied', () => {
        if (index <= this.appliedReported) return
        this.appliedReported = index
        this.input((machine) => machine.applied(index as typeof machine.commit))
      })
      this.scheduleApply()
    })
  }

  private apply(entry: Entry): void {
    const { world, host } = this
    const id = this.registers.apply(entry)
    world.trace.add('apply', host.number, entry.index, entry.term, id)
    world.observer.applies.applied(host.number, entry, this.registers)
    this.requests.applied(entry)
    if (entry.type === EntryType.config) this.configApplied(this.registers.config)
  }

  private configApplied(config: Config): void {
    const { coverage } = this.world
    coverage.add(isJoint(config) ? 'jointEntered' : 'jointLeft')
    if (config.voters.length === 1) coverage.add('singleVoter')
    if (config.voters.length === 7) coverage.add('sevenVoters')
    // A new member also applies what lies before the entry that added it; nothing there is about it.
    if (this.registers.index > this.self.replica && !isMember(config, this.self)) this.host.removed(this)
  }

  private statusChanged(): void {
    const status = this.machine.status(this.host.localNowMs)
    this.world.trace.add(
      'status',
      this.host.number,
      status.role,
      status.term,
      status.commit,
      status.leader ? memberText(status.leader) : 'none',
    )
    if (status.role === 'leader' && !this.led) this.world.noticed('leader', this.host.number)
    this.led = status.role === 'leader'
    if (status.asleep && !this.asleep) this.world.coverage.add('asleep')
    this.asleep = status.asleep
    if (status.role === 'leader' && this.world.transferTo === this.host.number) {
      this.world.transferTo = null
      this.world.coverage.add('transferDone')
    }
    if (status.role !== 'leader') this.requests.forget(Number.POSITIVE_INFINITY)
  }

  private compact(registers: Registers): void {
    const { world, host } = this
    if (this.ended || this.installing) return
    const index = Math.min(registers.index - world.swarm.keepEntries, this.appliedReported)
    if (index - this.log.snapshot.index < world.swarm.compactEvery || registers.index < index) return
    const config = this.log.configAt(index).config
    const term = this.log.termOrSnapshot(index)
    this.input((machine) => {
      const snapshot = machine.compact(index as SnapshotMeta['index'])
      world.observer.compacted(this.view, snapshot, { index, term, config })
      this.log.cut(snapshot)
      world.coverage.add('compaction')
      world.trace.add('compact', host.number, snapshot.index, snapshot.term)
      host.effect('cut', () => host.disk.writeLog({ ...emptyRecord(this.self), cut: snapshot }, () => {}))
    })
  }

  private startPull(pull: { readonly from: Member; readonly snapshot: SnapshotMeta }): void {
    const { world, host } = this
    const token = ++world.pullCount
    this.pull = { token, snapshot: pull.snapshot }
    world.trace.add('pull', host.number, storeNumber(pull.from.store), pull.snapshot.index)
    host.effect('pull', () =>
      world.network.send(host.number, storeNumber(pull.from.store), {
        kind: 'pull',
        from: this.self,
        to: pull.from,
        token,
        snapshot: pull.snapshot,
      }),
    )
    host.later(world.swarm.raft.electionTimeoutMs * 2, () => {
      if (this.ended || this.pull?.token !== token) return
      this.pull = null
      this.pullFailed()
    })
  }

  /** For the nemesis: what a crash would hit. */
  get joint(): boolean {
    return configInForce(this.view, this.host.localNowMs).config.nextVoters.length > 0
  }
}
