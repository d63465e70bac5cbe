/**
 * One machine: a clock, a disk that outlives its processes, and the process on it with a real Store over a real
 * EngineStorage. Everything outside of those two comes through the doors here, and a process that has ended is behind
 * closed ones: nothing reaches it, and nothing that it still says leaves.
 */
import { assert, hostId, type Clock, KvError, type Log, type LogFields, type StoreId, type Timers } from '@base-kv/base'
import { defaultRaftOptions } from '@base-kv/raft'
import { defaultCompactionOptions } from '@base-kv/range'
import { Gateway } from '@base-kv/server'
import { openStorageOver, type Engine, type Storage } from '@base-kv/storage'
import { Store, type StoreTransport } from '@base-kv/store'
import { LocalClock } from '../local-clock.ts'
import type { Prng } from '../prng.ts'
import { AppendingCoprocessor } from './coprocessor.ts'
import type { StoreSituation } from './coverage.ts'
import { SimDatabase } from './database.ts'
import { forwarderOf } from './forwarder.ts'
import { idOf } from './store-names.ts'
import type { World } from './world.ts'

export const SERVICE = 'kv.store'

export interface MachineDoors {
  readonly prng: Prng
  readonly transportOf: (process: Process) => StoreTransport
  /** Watches what goes to the disk. */
  readonly watched: (machine: Machine, storage: Storage) => Storage
}

export class Machine {
  readonly world: World
  readonly number: number
  readonly clock: LocalClock
  readonly doors: MachineDoors
  readonly log = new SimDatabase()
  readonly data = new SimDatabase()
  process: Process | null = null
  store: StoreId
  /** Store ids that this machine had, and whose disks are gone. */
  readonly dead: StoreId[] = []
  syncMs: number
  hungUntilMs = 0
  failNext = false
  wallSkewMs: number
  effectsUntilCrash = 0
  #isPaused = false
  #held: (() => void)[] = []
  #starts = 0

  constructor(world: World, number: number, clock: LocalClock, doors: MachineDoors) {
    this.world = world
    this.number = number
    this.clock = clock
    this.doors = doors
    this.store = idOf(number, 0)
    this.syncMs = world.plan.syncMs
    this.wallSkewMs = doors.prng.between(-1000, 1000)
  }

  /** The process, once it serves. */
  get up(): Process | null {
    return this.process?.isServing && !this.#isPaused ? this.process : null
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  start(): void {
    assert(!this.process, 'one process at a time')
    this.#starts++
    this.world.trace.add('start', this.number)
    const process = new Process(this, `m${this.number}-${this.#starts}`)
    this.process = process
    void process.open()
  }

  crash(why: string): void {
    const { process } = this
    if (!process) return
    this.world.trace.add('crash', this.number, why)
    if (!process.isServing) this.world.coverage.add('crashedWhileOpening')
    process.isAlive = false
    this.process = null
    this.world.endedAt = this.world.heap.count
    this.effectsUntilCrash = 0
    this.log.crash(this.doors.prng)
    this.data.crash(this.doors.prng)
    this.#held = []
    this.#isPaused = false
    this.world.crashed(this)
  }

  /** The disk is thrown away: what starts here next is another store. */
  wipe(): void {
    assert(!this.process, 'a disk is not taken from under a process')
    this.dead.push(this.store)
    this.log.wipe()
    this.data.wipe()
    this.store = idOf(this.number, this.dead.length)
  }

  /** Ends in good order. */
  async stop(): Promise<void> {
    const { process } = this
    if (!process?.store) return
    process.isStopping = true
    try {
      await process.store.handOver(this.world.plan.raft.electionTimeoutMs)
      await process.store.close()
    } catch (thrown) {
      // A write failed on the way: the process ends all the same.
      if (!(thrown instanceof KvError) || thrown.code !== 'StorageFailed') throw thrown
    }
    if (this.process !== process) return
    this.world.trace.add('stopped', this.number)
    process.isAlive = false
    this.process = null
    this.world.crashed(this)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    const held = this.#held
    this.#held = []
    for (const run of held) this.world.heap.after(0, run)
  }

  hold(run: () => void): void {
    this.#held.push(run)
  }
}

export class Process {
  readonly machine: Machine
  readonly host: string
  readonly id: StoreId
  isAlive = true
  isStopping = false
  store: Store | null = null
  storage: Storage | null = null
  gateway: Gateway | null = null
  readonly clock: Clock
  readonly timers: Timers
  readonly #prng: Prng

  constructor(machine: Machine, host: string) {
    this.machine = machine
    this.host = host
    this.id = machine.store
    this.#prng = machine.doors.prng.fork()
    this.clock = {
      monotonicMs: () => machine.clock.nowMs,
      wallMs: () => 1_800_000_000_000 + machine.world.heap.now + machine.wallSkewMs,
    }
    this.timers = {
      after: (delayMs, run) => {
        let isDue = true
        this.later(machine.clock.worldMsOf(delayMs), () => {
          if (isDue) run()
        })
        return () => {
          isDue = false
        }
      },
    }
  }

  get isServing(): boolean {
    return this.isAlive && this.store !== null && !this.isStopping
  }

  /** Runs it then, if this process still lives; a paused machine does it when it goes on. */
  later(delayMs: number, run: () => void): void {
    this.machine.world.heap.after(delayMs, () => this.enter(run))
  }

  enter(run: () => void): void {
    if (!this.isAlive) return
    if (this.machine.isPaused) this.machine.hold(() => this.enter(run))
    else run()
  }

  /** A point where a crash may fall. @returns whether this process goes on */
  effect(): boolean {
    const { machine } = this
    if (!this.isAlive) return false
    if (machine.effectsUntilCrash > 0 && --machine.effectsUntilCrash === 0) {
      machine.world.coverage.add('crashAtEffect')
      machine.crash('at an effect')
      return false
    }
    return true
  }

  async open(): Promise<void> {
    const { machine, clock, timers } = this
    const { plan, trace } = machine.world
    const log = this.#log()
    const opened = await openStorageOver(
      { log: this.#engine(machine.log, 1), data: this.#engine(machine.data, plan.dataSlowness) },
      {
        cluster: 'sim',
        identity: { store: this.id, cluster: 'sim', formatVersion: 1, created: '' },
        onPoison: (error) => this.#poisoned(error),
        logCacheBytes: 4_000,
        flushAgeMs: plan.flushAgeMs,
        flushBytesSoft: plan.flushBytesSoft,
        flushBytesMax: 4 * plan.flushBytesSoft,
        segmentsMax: plan.segmentsMax,
      },
      { clock, timers, log },
    )
    const storage = machine.doors.watched(machine, opened)
    this.storage = storage
    for (const found of storage.found)
      trace.add('found', machine.number, found.range, found.replica, found.state, found.reason)
    const store = new Store(
      {
        name: SERVICE,
        node: `m${machine.number}`,
        host: hostId(this.host),
        address: `m${machine.number}:1`,
        attributes: {},
        tickMs: plan.tickMs,
        range: {
          raft: { ...defaultRaftOptions, ...plan.raft },
          compaction: { ...defaultCompactionOptions, ...plan.compaction },
        },
      },
      {
        storage,
        clock,
        timers,
        random: { below: (bound) => this.#prng.below(bound) },
        log,
        transport: machine.doors.transportOf(this),
        soon: (run) => this.later(this.#prng.between(0, 0.05), run),
        makeCoprocessor: () => new AppendingCoprocessor(),
        cpuUsage: () => 0,
        loopBusyMs: () => 0,
        changed: () => this.gateway?.retryParked(),
      },
    )
    this.store = store
    const { electionTimeoutMs } = plan.raft
    this.gateway = new Gateway(
      { patienceMs: 4 * electionTimeoutMs, parkedMax: 100, parkedBytesMax: 100_000 },
      { stores: new Map([[SERVICE, store]]), forwarder: forwarderOf(this), clock, timers },
    )
  }

  #engine(database: SimDatabase, slowness: number): Engine {
    const { machine } = this
    return database.open({
      prng: this.#prng,
      later: (delayMs, run) => this.later(delayMs, run),
      syncMs: () =>
        this.#prng.gap(slowness * machine.syncMs) + Math.max(0, machine.hungUntilMs - machine.world.heap.now),
      readMs: () => this.#prng.between(0, 0.2),
      fails: () => {
        const fails = machine.failNext
        machine.failNext = false
        return fails
      },
      effect: () => this.effect(),
    })
  }

  /** The process ends with 74, at once. */
  #poisoned(error: KvError): void {
    this.machine.world.trace.add('poisoned', this.machine.number, error.message)
    if (this.machine.process !== this) return
    this.machine.world.coverage.add('poisoned')
    this.machine.crash('poisoned')
  }

  #log(): Log {
    const { trace } = this.machine.world
    const at = (level: string) => (message: string, fields?: LogFields) => {
      if (!this.isAlive) return
      const situation = situationOf[message]
      if (situation) this.machine.world.coverage.add(situation)
      if (message === 'split' || message === 'merged') this.machine.world.reshaped(this.machine)
      trace.add('log', this.machine.number, level, message, fields ? JSON.stringify(fields) : '')
    }
    const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log }
    return log
  }
}

/** What a store says of itself when something rare has happened. */
const situationOf: Readonly<Record<string, StoreSituation>> = {
  'holds a new replica': 'replicaCreated',
  'removed a replica': 'replicaRemoved',
  'installed a snapshot': 'snapshotPulled',
}
