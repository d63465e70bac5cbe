/**
 * One store: a disk, a clock, and at most one replica. It can crash (everything but the durable image is gone), restart,
 * and pause (time goes on, nothing runs; then everything that waited comes at once).
 */
import { assert } from '@base-kv/base'
import {
  MessageType,
  type HardState,
  type Member,
  type Message,
  type RaftStart,
  type SnapshotMeta,
} from '@base-kv/raft'
import { Disk, emptyRecord, noConfig } from './disk.ts'
import { LocalClock } from './local-clock.ts'
import { LogImage } from './log-image.ts'
import { Registers } from './registers.ts'
import { Replica, type Host } from './replica.ts'
import { isJoint, memberText, storeNumber } from './stores.ts'
import { traceMessage } from './trace-message.ts'
import type { Payload, World } from './world.ts'

export class Node implements Host {
  readonly number: number
  readonly disk: Disk
  readonly clock: LocalClock
  up = false
  paused = false
  replica: Replica | null = null
  /** The node crashes instead of performing that many effects from now; 0: it does not. */
  effectsUntilCrash = 0

  private readonly world: World
  private life = 0
  private ending = false
  private effects: { readonly name: string; readonly run: () => void }[] = []
  private running = false
  private waiting: (() => void)[] = []
  private requests: (() => void)[] = []
  private readonly crashed: (node: Node) => void

  constructor(
    world: World,
    number: number,
    deps: {
      readonly disk: Disk
      readonly clock: LocalClock
      readonly crashed: (node: Node) => void
    },
  ) {
    this.world = world
    this.number = number
    this.disk = deps.disk
    this.clock = deps.clock
    this.crashed = deps.crashed
  }

  get localNowMs(): number {
    return this.clock.nowMs
  }

  /** Begins a life with what the disk holds. */
  start(): void {
    assert(!this.up, 'the node runs already')
    const { world } = this
    this.up = true
    this.life++
    this.clock.restartAt(world.prng.chance(0.5) ? this.clock.nowMs : world.prng.between(0, 1_000_000))
    world.trace.add('start', this.number)
    this.boot()
    const life = this.life
    const { tickMs, flushEveryMs } = world.swarm
    this.repeat(life, tickMs, () => this.replica?.tick())
    this.repeat(life, flushEveryMs, () => this.replica?.flush())
    this.repeat(life, 20 * world.swarm.raft.electionTimeoutMs, () => this.replica?.lookAfterSleep())
  }

  crash(why: string): void {
    if (!this.up) return
    const { world } = this
    world.trace.add('crash', this.number, why)
    const { replica } = this
    if (replica?.machine.role === 'leader') world.coverage.add('crashedLeader')
    if (replica?.installing) world.coverage.add('crashedWhileInstalling')
    if (replica?.joint) world.coverage.add('crashedWhileJoint')
    replica?.end()
    this.life++
    this.up = false
    this.paused = false
    this.replica = null
    this.ending = false
    this.effects = []
    this.running = false
    this.waiting = []
    this.requests = []
    this.effectsUntilCrash = 0
    const has = world.swarm.faults
    this.disk.crash(!world.calm && has.has('lostWrites'), !world.calm && has.has('tornWrite'))
    this.crashed(this)
  }

  pause(): void {
    this.paused = true
    this.world.trace.add('pause', this.number)
  }

  /** What waited comes at once: the due tick, what peers and the disk said, what clients asked, in any order. */
  resume(): void {
    if (!this.up || !this.paused) return
    this.paused = false
    this.world.trace.add('resume', this.number)
    const { waiting, requests } = this
    this.waiting = []
    this.requests = []
    const { life } = this
    for (const batch of this.world.prng.shuffled([[(): void => this.replica?.tick()], waiting, requests])) {
      for (const run of batch) if (life === this.life) run()
    }
  }

  later(delayMs: number, run: () => void): void {
    const { life } = this
    this.world.heap.after(delayMs, () => {
      if (life === this.life) this.whenRunning(run)
    })
  }

  effect(name: string, run: () => void): void {
    this.effects.push({ name, run })
    if (this.running) return
    this.running = true
    this.later(0, () => this.runEffects())
  }

  removed(replica: Replica): void {
    const { world } = this
    world.trace.add('removed', this.number, replica.self.replica)
    if (world.prng.chance(0.3)) return
    this.later(world.prng.pick([0, 0.2, 2]) * world.swarm.raft.electionTimeoutMs, () => this.destroy(replica))
  }

  /** The replica ends for good; its id never comes back here. */
  destroy(replica: Replica): void {
    if (this.replica !== replica || this.ending || replica.installing) return
    this.ending = true
    replica.end()
    this.world.trace.add('destroy', this.number, replica.self.replica)
    this.effect('tombstone', () =>
      this.disk.writeLog({ ...emptyRecord(replica.self), tombstone: true }, () => {
        this.world.coverage.add('replicaDestroyed')
        this.replica = null
        this.ending = false
      }),
    )
  }

  receive(payload: Payload): void {
    if (this.up) this.whenRunning(() => this.take(payload))
  }

  /** A client's request; it waits while the node is paused, and is lost with it. */
  request(act: (replica: Replica) => void): void {
    if (!this.up) return
    const run = (): void => {
      if (this.replica && !this.ending) act(this.replica)
    }
    if (this.paused) this.requests.push(run)
    else run()
  }

  /** Effects of a crashed life, and of disk writes that settle, come through here. */
  private whenRunning(run: () => void): void {
    if (this.paused) this.waiting.push(run)
    else run()
  }

  private take(payload: Payload): void {
    if (payload.kind === 'raft') {
      this.takeMessage(payload.message)
    } else if (payload.kind === 'pull') {
      const { replica } = this
      if (replica && !this.ending && replica.self.replica === payload.to.replica) {
        replica.serveState(payload.from, payload.token, payload.snapshot)
      }
    } else if (this.replica?.self.replica === payload.to.replica) {
      this.replica.stateArrived(payload.token, payload.registers)
    }
  }

  private takeMessage(message: Message): void {
    if (this.ending) return
    const wanted = message.to.replica
    const current = this.replica
    if (current && wanted > current.self.replica) {
      // Only a committed removal lets a store be added again, so the old replica has no say any more.
      this.destroy(current)
      return
    }
    if (!current && (wanted <= this.disk.tombstone || !creates.has(message.type))) {
      if (message.type !== MessageType.gone) this.answerGone(message)
      return
    }
    if (!current) this.replica = this.create(message.to)
    const { replica } = this
    if (!replica) return
    traceMessage(this.world.trace, 'receive', message)
    replica.step(message)
  }

  private answerGone(message: Message): void {
    const gone: Message = {
      ...message,
      type: MessageType.gone,
      from: message.to,
      to: message.from,
      entries: [],
      snapshot: null,
      reject: false,
    }
    this.world.network.send(this.number, storeNumber(message.from.store), { kind: 'raft', message: gone })
  }

  /** A replica that nobody told anything yet: it learns its group from a snapshot. */
  private create(self: Member): Replica {
    this.world.trace.add('create', this.number, self.replica)
    if (self.replica > 1 && this.disk.tombstone > 0) this.world.coverage.add('storeReturned')
    const snapshot = { index: 0, term: 0, config: noConfig } as unknown as SnapshotMeta
    const hardState = { term: 0, vote: null, commit: 0 } as unknown as HardState
    return this.replicaOf(
      { self, hardState, snapshot, lastIndex: 0, applied: 0 } as RaftStart,
      new LogImage(snapshot),
      new Registers(snapshot),
    )
  }

  private boot(): void {
    const { disk } = this
    const image = disk.replica
    if (!image) {
      this.replica = null
      return
    }
    const data = disk.data?.self.replica === image.self.replica ? disk.data.registers.clone() : null
    const registers = data ?? new Registers({ index: 0, term: 0, config: noConfig } as unknown as SnapshotMeta)
    // The swap of the data is what decides: with it the log follows, durably before anything else happens; without it
    // nothing happened.
    const { intent } = image
    if (intent && registers.index >= intent.index && intent.index > image.log.snapshot.index) image.log.install(intent)
    image.intent = null
    const log = image.log.clone()
    assert(
      registers.index >= log.snapshot.index,
      () => `store ${this.number}: state at ${registers.index}, log cut at ${log.snapshot.index}`,
    )
    assert(
      registers.index <= log.last,
      () => `store ${this.number}: state at ${registers.index}, log ends at ${log.last}`,
    )
    const start = {
      self: image.self,
      hardState: image.hardState,
      snapshot: log.snapshot,
      lastIndex: log.last,
      applied: registers.index,
    } as RaftStart
    this.replica = this.replicaOf(start, log, registers)
  }

  private replicaOf(start: RaftStart, log: LogImage, registers: Registers): Replica {
    return new Replica(this.world, this, start, { log, registers })
  }

  private runEffects(): void {
    while (this.effects.length > 0) {
      if (this.effectsUntilCrash > 0 && --this.effectsUntilCrash === 0) {
        this.world.coverage.add('crashBetweenEffects')
        this.crash(`before ${(this.effects[0] as { name: string }).name}`)
        return
      }
      const { life } = this
      const effect = this.effects.shift()
      effect?.run()
      if (life !== this.life) return
      const { prng, swarm } = this.world
      if (this.effects.length > 0 && prng.chance(swarm.yieldShare)) {
        this.later(prng.between(0, 0.02) * swarm.raft.electionTimeoutMs, () => this.runEffects())
        return
      }
    }
    this.running = false
  }

  private repeat(life: number, everyMs: number, run: () => void): void {
    this.world.heap.after(everyMs * this.world.prng.between(0.8, 1.2), () => {
      if (life !== this.life) return
      if (!this.paused) run()
      if (life === this.life) this.repeat(life, everyMs, run)
    })
  }

  /** For traces and reports. */
  get text(): string {
    const { replica } = this
    if (!this.up) return `${this.number} down`
    if (!replica) return `${this.number} empty`
    const { machine, log } = replica
    return `${memberText(replica.self)} ${machine.role} term ${machine.term} commit ${machine.commit} log (${log.snapshot.index}, ${log.last}] applied ${replica.registers.index}${isJoint(log.configAt(log.last).config) ? ' joint' : ''}`
  }
}

/** Messages that a replica may come into being by. */
const creates = new Set<number>([
  MessageType.preVote,
  MessageType.vote,
  MessageType.append,
  MessageType.heartbeat,
  MessageType.snapshotOffer,
])
