/**
 * What lies between stores: frames of Raft messages, which may be lost, late, doubled or overtaken; snapshot streams,
 * which break; and the news that a peer is lost or begins anew, which a node gets from its connections.
 */
import { KvError, rangeIdFromBytes, type StoreId } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { StoreTransport } from '@base-kv/store'
import type { Prng } from '../prng.ts'
import type { Process } from './machine.ts'
import { machineOf, shortStore } from './store-names.ts'
import type { World } from './world.ts'

export function transportOf(process: Process, world: World): StoreTransport {
  const { machine } = process
  return {
    send(to, messages) {
      if (!process.effect()) return
      const target = machineOf(to)
      const frame = v1.RaftFrame.encode({ messages: [...messages] }).finish()
      world.trace.add('send', machine.number, target, ...messages.map(({ type }) => type ?? 0))
      world.network.send(machine.number, target, (there) => {
        if (there.id !== to || !there.store) return
        world.trace.add('receive', machine.number, target, frame.length)
        there.store.receive(v1.RaftFrame.decode(frame).messages as v1.RaftMessage[])
      })
    },
    reachable: () => reachableFrom(process),
    pullSnapshot(from, request) {
      return new SnapshotPull(process, world, from, v1.PullSnapshotRequest.encode(request).finish())
    },
  }
}

/** Stores on other machines that a process can talk to. */
export function reachableFrom({ machine }: Process): readonly StoreId[] {
  const { machines, network } = machine.world
  return machines
    .filter((other) => other !== machine && other.up && !network.isCut(machine.number, other.number))
    .map(({ store }) => store)
}

/** One stream, chunk by chunk: each is asked for, so that a slow reader is not sent to without end. */
class SnapshotPull implements AsyncIterable<v1.SnapshotChunk>, AsyncIterator<v1.SnapshotChunk> {
  readonly #process: Process
  readonly #world: World
  readonly #from: StoreId
  readonly #request: Uint8Array
  // Of the sender, once it has been asked.
  #sender: { readonly process: Process; readonly chunks: AsyncIterator<v1.SnapshotChunk.$Properties> } | null = null
  #waiting: ((answer: IteratorResult<v1.SnapshotChunk> | KvError) => void) | null = null
  #asked = 0
  #isOver = false

  constructor(process: Process, world: World, from: StoreId, request: Uint8Array) {
    this.#process = process
    this.#world = world
    this.#from = from
    this.#request = request
  }

  [Symbol.asyncIterator](): AsyncIterator<v1.SnapshotChunk> {
    return this
  }

  next(): Promise<IteratorResult<v1.SnapshotChunk>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    const number = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting = (answer) => {
        this.#waiting = null
        if (answer instanceof KvError) reject(answer)
        else resolve(answer)
      }
      this.#ask()
      this.#watch(number)
    })
  }

  async return(): Promise<IteratorResult<v1.SnapshotChunk>> {
    this.#end()
    return { done: true, value: undefined }
  }

  #ask(): void {
    const { number } = this.#process.machine
    this.#world.network.sendOnce(number, machineOf(this.#from), (there) => {
      if (there.id !== this.#from || !there.store || this.#isOver) return
      const chunks = (this.#sender?.process === there && this.#sender.chunks) || this.#begin(there)
      if (!chunks) return
      chunks.next().then(
        ({ done, value }) => this.#answer(there, done ? { done: true, value: undefined } : value),
        (thrown: unknown) => this.#answer(there, thrown),
      )
    })
  }

  #begin(there: Process): AsyncIterator<v1.SnapshotChunk.$Properties> | null {
    // Another process has taken the place of the one that sent what came before.
    if (this.#sender || !there.store) return null
    const request = v1.PullSnapshotRequest.decode(this.#request)
    try {
      const chunks = there.store.sendSnapshot(request, rangeIdFromBytes(request.range))[Symbol.asyncIterator]()
      this.#sender = { process: there, chunks }
      return chunks
    } catch (thrown) {
      this.#answer(there, thrown)
      return null
    }
  }

  #answer(there: Process, answer: unknown): void {
    if (answer instanceof Error && !(answer instanceof KvError)) throw answer
    if (!there.effect()) return
    const bytes =
      answer instanceof KvError || isDone(answer)
        ? null
        : v1.SnapshotChunk.encode(answer as v1.SnapshotChunk.$Properties).finish()
    this.#world.network.sendOnce(there.machine.number, this.#process.machine.number, (here) => {
      if (here !== this.#process) return
      if (bytes) this.#waiting?.({ done: false, value: v1.SnapshotChunk.decode(bytes) as v1.SnapshotChunk })
      else if (answer instanceof KvError) this.#waiting?.(answer)
      else this.#waiting?.({ done: true, value: undefined })
    })
  }

  /** A connection that is dead is noticed, on both sides, after a while. */
  #watch(number: number): void {
    this.#world.heap.after(4 * this.#world.plan.raft.electionTimeoutMs, () => {
      if (this.#isOver || this.#asked !== number || !this.#waiting) {
        if (!this.#process.isAlive) this.#end()
        return
      }
      this.#world.coverage.add('snapshotBroken')
      this.#end()
      const waiting = this.#waiting
      this.#process.enter(() => waiting(new KvError('OutcomeUnknown', 'the snapshot stream broke')))
    })
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const sender = this.#sender
    sender?.process.later(this.#world.plan.latencyMs, () => void sender.chunks.return?.().catch(() => {}))
  }
}

const isDone = (answer: unknown): boolean => (answer as IteratorResult<unknown>).done === true

/** Tells each process which of the others it has lost, and which of them are others by now. */
export class Connections {
  readonly #world: World
  readonly #prng: Prng
  /** By 'from>to': the host that `from` is connected to. */
  readonly #known = new Map<string, { readonly process: Process; readonly host: string | null }>()

  constructor(world: World, prng: Prng) {
    this.#world = world
    this.#prng = prng
  }

  begin(): void {
    this.#world.heap.after(this.#world.plan.raft.electionTimeoutMs, () => {
      this.#lookAll()
      this.begin()
    })
  }

  /** A process is gone: whoever was connected to it is told by its machine. */
  died(number: number): void {
    for (const { number: other } of this.#world.machines) {
      if (other !== number) this.#world.heap.after(this.#prng.between(0, 5), () => this.#look(other, number))
    }
  }

  /** A connection breaks although nothing is wrong. */
  reset(from: number, to: number): void {
    const here = this.#world.machines[from]?.up
    const there = this.#world.machines[to]
    if (!here || !there) return
    this.#known.delete(`${from}>${to}`)
    here.enter(() => here.store?.peerDown(there.store))
  }

  #lookAll(): void {
    for (const { number: from } of this.#world.machines) {
      for (const { number: to } of this.#world.machines) if (from !== to) this.#look(from, to)
    }
  }

  #look(from: number, to: number): void {
    const { network, machines, trace } = this.#world
    const here = machines[from]?.up
    if (!here) return
    const there = machines[to]?.up
    const isConnected = there && !network.isCut(from, to) && !network.isCut(to, from)
    const name = `${from}>${to}`
    const known = this.#known.get(name)
    const before = known?.process === here ? known.host : null
    const host = isConnected ? there.host : null
    if (host === before) return
    this.#known.set(name, { process: here, host })
    const store = (there ?? machines[to]?.process)?.id ?? machines[to]?.store
    if (!store || !here.store) return
    trace.add(host ? 'peerUp' : 'peerDown', from, shortStore(store))
    if (host) here.store.peerUp(store)
    else here.store.peerDown(store)
  }
}
