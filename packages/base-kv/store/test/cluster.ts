/**
 * Several stores in one process: real LevelDB in temporary folders, real timers, and a network that a test cuts, delays
 * and listens to. Messages cross it as bytes, so that what is read on the other side is what was written.
 */
import { closeSync, cpSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  hostId,
  KvError,
  type Log,
  type LogFields,
  rangeIdFromBytes,
  type StoreId,
  type Timers,
} from '@base-kv/base'
import { KvCommand, KvCoprocessor, KvQuery } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import { defaultRaftOptions, type RaftOptions } from '@base-kv/raft'
import {
  type CompactionOptions,
  type Coprocessor,
  defaultCompactionOptions,
  type Range,
  type ReadConsistency,
} from '@base-kv/range'
import { openStorage, type Storage, type StorageOptions } from '@base-kv/storage'
import { Store, type StoreTransport } from '../src/index.ts'

export const clock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
export const timers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

const ELECTION_MS = 300

export interface ClusterOptions {
  readonly raft?: Partial<RaftOptions>
  readonly compaction?: Partial<CompactionOptions>
  readonly storage?: Partial<StorageOptions>
  readonly makeCoprocessor?: (node: TestNode) => Coprocessor
  /** Instead of LevelDB in the node's folder. */
  readonly openStorage?: (node: TestNode, onPoison: (error: KvError) => void) => Promise<Storage>
}

/** What a test puts between two stores. */
export interface Wire {
  readonly from: TestNode
  readonly to: TestNode
  readonly message: v1.RaftMessage
}

/** Resolves when `done` gives something; fails with `what` after `patienceMs`. */
export async function until<T>(
  done: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  what: string,
  patienceMs = 10_000,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const result = await done()
    if (result !== undefined && result !== null && result !== false) return result
    if (performance.now() > deadlineMs) throw new Error(`waited ${patienceMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export class TestNode {
  readonly name: string
  readonly cluster: TestCluster
  folder: string
  id!: StoreId
  store!: Store
  storage!: Storage
  up = false
  /** Set: the disk says so. */
  lowSpace = false
  poisoned: KvError | null = null
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = []

  constructor(cluster: TestCluster, name: string, folder: string) {
    this.cluster = cluster
    this.name = name
    this.folder = folder
  }

  get range(): Range {
    const [range] = this.store.ranges
    if (!range) throw new Error(`${this.name} has no range`)
    return range
  }

  get hasRange(): boolean {
    return this.up && [...this.store.ranges].length > 0
  }

  async start(): Promise<this> {
    const { options } = this.cluster
    const onPoison = (error: KvError) => {
      this.poisoned = error
    }
    const opened = options.openStorage
      ? await options.openStorage(this, onPoison)
      : await openStorage(
          { directory: this.folder, cluster: 'test', onPoison, ballastBytes: 0, ...options.storage },
          { clock, timers, log: this.#log() },
        )
    this.storage = this.#withSpace(opened)
    this.id = opened.identity.store
    this.store = new Store(
      {
        name: 'kv.store',
        node: this.name,
        host: hostId(`${this.name}-${++this.cluster.starts}`),
        address: `${this.name}:1`,
        attributes: { zone: `zone-${this.name}` },
        tickMs: 25,
        range: {
          raft: { ...defaultRaftOptions, electionTimeoutMs: ELECTION_MS, heartbeatIntervalMs: 50, ...options.raft },
          compaction: { ...defaultCompactionOptions, ...options.compaction },
        },
      },
      {
        storage: this.storage,
        clock,
        timers,
        random: { below: (bound) => Math.floor(Math.random() * bound) },
        log: this.#log(),
        transport: this.cluster.transportOf(this),
        soon: (run) => void setImmediate(run),
        makeCoprocessor: () => options.makeCoprocessor?.(this) ?? new KvCoprocessor({ valueBytesMax: 1024 * 1024 }),
        loopBusyMs: () => 0,
        cpuUsage: () => 0.25,
        changed: () => {},
      },
    )
    this.up = true
    return this
  }

  /** Ends in good order. */
  async stop(): Promise<void> {
    if (!this.up) return
    this.up = false
    await this.store.close()
  }

  /** As kill -9 does: what the files hold at this moment is what the next start finds; nothing more is said. */
  async crash(): Promise<void> {
    this.up = false
    const before = this.store
    const copy = `${this.folder}~`
    await rm(copy, { recursive: true, force: true })
    // In one piece, so that nothing is written meanwhile; only LevelDB's own thread may take a file away under it.
    for (let left = 5; ; left--) {
      try {
        cpSync(this.folder, copy, { recursive: true })
        break
      } catch (thrown) {
        if (left === 0 || (thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
        rmSync(copy, { recursive: true, force: true })
      }
    }
    this.folder = copy
    await before.close()
  }

  /** An empty disk: the store comes back under a new id. */
  async wipe(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** What this store says of its only replica. */
  get described() {
    return this.store.describe().ranges[0]
  }

  /** For a storage of a test's own. */
  get doors() {
    return { clock, timers, log: this.#log() }
  }

  logged(message: string): boolean {
    return this.lines.some((line) => line.message.includes(message))
  }

  #withSpace(storage: Storage): Storage {
    return new Proxy(storage, {
      get: (target, name) => {
        if (name === 'space') return { ...target.space, low: this.lowSpace || target.space.low }
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #log(): Log {
    const at =
      (level: string) =>
      (message: string, fields: LogFields = {}) => {
        this.lines.push({ level, message, fields })
        if (process.env.SHOW_LOG) console.log(this.name, level, message, JSON.stringify(fields))
      }
    const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log }
    return log
  }
}

export class TestCluster implements AsyncDisposable {
  readonly options: ClusterOptions
  readonly nodes: TestNode[] = []
  starts = 0
  /** Asked for each message; false loses it. */
  passes: (wire: Wire) => boolean = () => true
  /** Asked before each chunk of a snapshot is handed on; what it throws breaks the stream. */
  onChunk: (from: TestNode, to: TestNode, count: number) => void | Promise<void> = () => {}
  /** Called with each chunk as it arrives. */
  mutateChunk: (chunk: v1.SnapshotChunk) => void = () => {}
  /** Snapshot streams begun so far. */
  pulls = 0
  readonly #directory: string
  readonly #cuts = new Set<string>()

  constructor(options: ClusterOptions, directory: string) {
    this.options = options
    this.#directory = directory
  }

  add(name = String.fromCharCode(97 + this.nodes.length)): TestNode {
    const node = new TestNode(this, name, join(this.#directory, name))
    this.nodes.push(node)
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    await rm(this.#directory, { recursive: true, force: true })
  }

  // ---- network ---------------------------------------------------------------------------------------------------------

  /** Nothing gets from `from` to `to` any more. */
  cut(from: TestNode, to: TestNode): void {
    this.#cuts.add(`${from.name}>${to.name}`)
    to.store.peerDown(from.id)
    from.store.peerDown(to.id)
  }

  /** Cuts a node off, both ways. */
  isolate(node: TestNode): void {
    for (const other of this.nodes) {
      if (other === node || !other.up) continue
      this.cut(node, other)
      this.cut(other, node)
    }
  }

  heal(): void {
    this.#cuts.clear()
  }

  transportOf(from: TestNode): StoreTransport {
    return {
      send: (to, messages) => {
        const frame = v1.RaftFrame.encode({ messages: [...messages] }).finish()
        setImmediate(() => this.#deliver(from, to, frame))
      },
      reachable: () => this.nodes.filter((to) => to !== from && this.#connected(from, to)).map(({ id }) => id),
      pullSnapshot: (store, request) => this.#pull(from, store, v1.PullSnapshotRequest.encode(request).finish()),
    }
  }

  /** Hands one message over as if it had just arrived. */
  inject(to: TestNode, message: v1.RaftMessage): void {
    const frame = v1.RaftFrame.encode({ messages: [message] }).finish()
    to.store.receive(v1.RaftFrame.decode(frame).messages as v1.RaftMessage[])
  }

  #connected(from: TestNode, to: TestNode): boolean {
    return from.up && to.up && !this.#cuts.has(`${from.name}>${to.name}`)
  }

  #deliver(from: TestNode, store: StoreId, frame: Uint8Array): void {
    const to = this.nodes.find((node) => node.up && node.id === store)
    if (!to || !this.#connected(from, to)) return
    const messages = v1.RaftFrame.decode(frame).messages as v1.RaftMessage[]
    const passed = messages.filter((message) => this.passes({ from, to, message }))
    if (passed.length > 0) to.store.receive(passed)
  }

  async *#pull(to: TestNode, store: StoreId, bytes: Uint8Array): AsyncGenerator<v1.SnapshotChunk> {
    const from = this.nodes.find((node) => node.up && node.id === store)
    if (!from || !this.#connected(from, to)) throw new KvError('Unreachable', 'no way to that store')
    const request = v1.PullSnapshotRequest.decode(bytes)
    const range = rangeIdFromBytes(request.range)
    this.pulls++
    let count = 0
    for await (const chunk of from.store.sendSnapshot(request, range)) {
      await this.onChunk(from, to, ++count)
      if (!this.#connected(from, to)) throw new KvError('OutcomeUnknown', 'the snapshot stream broke')
      const received = v1.SnapshotChunk.decode(v1.SnapshotChunk.encode(chunk).finish())
      this.mutateChunk(received)
      yield received
    }
  }

  // ---- conditions ------------------------------------------------------------------------------------------------------

  get running(): TestNode[] {
    return this.nodes.filter((node) => node.up)
  }

  /** The node that leads and serves, once there is one. */
  leader(among: () => readonly TestNode[] = () => this.running): Promise<TestNode> {
    return until(() => {
      const leaders = among().filter((node) => node.hasRange && node.range.isLeader && node.range.confirmed)
      leaders.sort((a, b) => b.range.describe().term - a.range.describe().term)
      return leaders[0]
    }, 'a leader')
  }

  follower(leader: TestNode): TestNode {
    const found = this.running.find((node) => node !== leader && node.hasRange)
    if (!found) throw new Error('no follower')
    return found
  }

  /** All of them hold the same applied state as the leader, key by key. */
  async alike(nodes: readonly TestNode[] = this.running): Promise<void> {
    const leader = await this.leader()
    await until(() => {
      // The whole log: a new leader commits what the one before left behind only after a while.
      const { lastIndex } = leader.range.describe()
      return nodes.every((node) => node.hasRange && node.range.describe().applied >= lastIndex)
    }, 'everybody has applied what stands in the leader’s log')
    const expected = await dump(leader)
    for (const node of nodes) {
      const found = await dump(node)
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${node.name} has ${found.length} keys that differ from the ${expected.length} of the leader`)
      }
    }
  }

  // ---- what a client does ------------------------------------------------------------------------------------------------

  /** Puts at whoever leads, again and again while it certainly was not applied. */
  async put(key: string, value: string, patienceMs = 10_000): Promise<void> {
    await until(
      async () => {
        const leader = this.running.find((node) => node.hasRange && node.range.isLeader)
        if (!leader) return false
        const error = await putAt(leader, key, value)
        if (error === null) return true
        if (error.applied === 'no') return false
        throw error
      },
      `put ${key}`,
      patienceMs,
    )
  }

  async get(key: string): Promise<string | undefined> {
    return until(async () => {
      const leader = await this.leader()
      try {
        return { value: await getAt(leader, key) }
      } catch (thrown) {
        if (thrown instanceof KvError && thrown.code === 'TryLater') return undefined
        throw thrown
      }
    }, `get ${key}`).then((found) => found.value)
  }
}

/** Empty stores that know nothing of a cluster yet. */
export async function startEmpty(count: number, options: ClusterOptions = {}): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'base-kv-store-'))
  const cluster = new TestCluster(options, directory)
  for (let i = 0; i < count; i++) await cluster.add().start()
  return cluster
}

/** A cluster that serves. */
export async function startServing(count: number, options: ClusterOptions = {}): Promise<TestCluster> {
  const cluster = await startEmpty(count, options)
  await cluster.nodes[0]!.store.bootstrap(cluster.nodes.map((node) => node.id))
  await cluster.leader()
  await until(() => cluster.nodes.every((node) => node.hasRange && node.range.confirmed), 'all hold the range')
  return cluster
}

// ---- operations at one node ----------------------------------------------------------------------------------------------

const bytes = (text: string): Uint8Array => Buffer.from(text)
export const text = (value: Uint8Array | null | undefined): string | undefined =>
  value == null ? undefined : Buffer.from(value).toString()

export const commands = {
  put: (key: string, value: string) => v1.PutRequest.encode({ key: bytes(key), value: bytes(value) }).finish(),
  delete: (key: string) => v1.DeleteRequest.encode({ key: bytes(key) }).finish(),
  cas: (key: string, expect: string | null, value: string) =>
    v1.CompareAndSetRequest.encode({
      key: bytes(key),
      value: bytes(value),
      ...(expect === null ? {} : { expect: bytes(expect) }),
    }).finish(),
}

export interface Outcome {
  readonly error: KvError | null
  readonly reply: Uint8Array | null
}

export function propose(node: TestNode, kind: number, body: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => node.range.propose(kind, body, (error, reply) => resolve({ error, reply })))
}

export const putAt = async (node: TestNode, key: string, value: string): Promise<KvError | null> =>
  (await propose(node, KvCommand.put, commands.put(key, value))).error

/** @throws KvError */
export async function query(
  node: TestNode,
  kind: number,
  body: Uint8Array,
  consistency: ReadConsistency = 'linearizable',
): Promise<Uint8Array> {
  const { range } = node
  await new Promise<void>((resolve, reject) => {
    range.read(consistency, (error) => (error ? reject(error) : resolve()))
  })
  return range.query(kind, body)
}

export async function getAt(
  node: TestNode,
  key: string,
  consistency: ReadConsistency = 'linearizable',
): Promise<string | undefined> {
  const reply = await query(node, KvQuery.get, v1.GetRequest.encode({ key: bytes(key) }).finish(), consistency)
  return text(v1.GetReply.decode(reply).value)
}

/** Everything that a node has applied, `key=value`. */
async function dump(node: TestNode): Promise<string[]> {
  const found: string[] = []
  await using view = node.storage.data.range(node.range.id).readView()
  await using iterator = view.scan('user', { start: null, end: null })
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
    for (const [key, value] of page) found.push(`${text(key)}=${text(value)}`)
  }
  return found
}

/** Turns one bit of an acknowledged entry over, in LevelDB's own log. */
export function flipLogByte(node: TestNode): void {
  const folder = join(node.folder, 'log')
  const files = readdirSync(folder).filter((name) => /\.(log|ldb)$/.test(name))
  const [largest] = files.map((name) => join(folder, name)).sort((a, b) => statSync(b).size - statSync(a).size)
  const file = openSync(largest as string, 'r+')
  const at = Math.floor(statSync(largest as string).size / 3)
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, at)
  byte[0] = (byte[0] as number) ^ 1
  writeSync(file, byte, 0, 1, at)
  closeSync(file)
}
