/**
 * A client: one operation at a time, asked of the node that it believes to lead the key's range, again and again until
 * there is an answer or its patience ends. The rules by which an outcome is known, unknown or certainly nothing are those
 * of the client library (base-kv/client/src/operation.ts).
 */
import { KvError } from '@base-kv/base'
import { KvCommand, KvQuery } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import type { ClientId, Stamp } from '@base-kv/range'
import type { RegisterOperation, RegisterValue } from '@base-kv/test-kit'
import { Violation } from '../checkers/violation.ts'
import type { Prng } from '../prng.ts'
import { APPEND } from './coprocessor.ts'
import type { KeyBook } from './key-book.ts'
import { type ListFloor, type Lists } from './lists.ts'
import { type Machine, SERVICE } from './machine.ts'
import { machineOf } from './store-names.ts'
import { Picture } from './picture.ts'
import type { World } from './world.ts'

type Task =
  | { readonly kind: 'put'; readonly value: string }
  | { readonly kind: 'append'; readonly value: string }
  | { readonly kind: 'delete' | 'get' }
  | { readonly kind: 'read'; readonly floor: ListFloor }
  | { readonly kind: 'compareAndSet'; readonly expect: RegisterValue; readonly value: string }

interface Asked {
  readonly key: string
  readonly place: number
  readonly task: Task
  readonly beginMs: number
  readonly deadlineMs: number
  readonly sequence: number
  readonly done: (wentWell: boolean) => void
  seen: number
  /** An attempt may have been applied. Never becomes false again. */
  isTainted: boolean
  attempt: number
  /** An attempt has been sent and not been answered. */
  isUnderWay: boolean
  isOver: boolean
}

export interface Records {
  readonly book: KeyBook
  readonly lists: Lists
  readonly registers: RegisterOperation[]
}

export class Client {
  readonly name: string
  readonly #world: World
  readonly #prng: Prng
  readonly #records: Records
  readonly #id: ClientId
  readonly #picture = new Picture()
  /** What this client believes registers to hold, to compare with. */
  readonly #believed = new Map<string, RegisterValue>()
  #asked: Asked | null = null
  #sequence = 0
  #isStopped = false

  constructor(world: World, name: string, prng: Prng, records: Records) {
    this.#world = world
    this.name = name
    this.#prng = prng
    this.#records = records
    this.#id = name.padEnd(16, '.') as ClientId
  }

  begin(): void {
    this.#world.heap.after(this.#prng.gap(this.#world.plan.thinkMs), () => {
      if (this.#isStopped) return
      const place = this.#prng.below(this.#records.book.count)
      this.ask(place, this.#draw(place), () => this.begin())
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  /** `done` hears whether there was an answer. */
  ask(
    place: number,
    task: Task,
    done: (wentWell: boolean) => void,
    patienceTimeouts = this.#prng.chance(0.2) ? this.#prng.between(0.5, 3) : this.#prng.between(4, 16),
    key = this.#records.book.key(place),
  ): void {
    const { heap, plan } = this.#world
    const asked: Asked = {
      key,
      place,
      task,
      beginMs: heap.now,
      deadlineMs: heap.now + patienceTimeouts * plan.raft.electionTimeoutMs,
      sequence: ++this.#sequence,
      done,
      seen: 0,
      isTainted: false,
      attempt: 0,
      isUnderWay: false,
      isOver: false,
    }
    this.#asked = asked
    this.#world.trace.add('ask', this.name, asked.sequence, asked.key, task.kind)
    heap.after(asked.deadlineMs - heap.now, () => {
      this.#end(asked, asked.isTainted || asked.isUnderWay ? 'unknown' : 'refused')
    })
    this.#attempt(asked)
  }

  /** Nobody will hear any more what became of the last one. */
  giveUp(): void {
    if (this.#asked && !this.#asked.isOver) this.#end(this.#asked, 'unknown')
  }

  item(): string {
    return `${this.name}.${this.#sequence + 1}`
  }

  #draw(place: number): Task {
    const { book, lists } = this.#records
    const key = book.key(place)
    if (book.isList(place)) {
      return this.#prng.chance(0.6) ? { kind: 'append', value: this.item() } : { kind: 'read', floor: lists.begin(key) }
    }
    const share = this.#prng.unit()
    const value = this.item().padEnd(this.#prng.below(this.#world.plan.valueBytesMax), ' ')
    if (share < 0.35) return { kind: 'put', value }
    if (share < 0.7) return { kind: 'get' }
    if (share < 0.8) return { kind: 'delete' }
    return { kind: 'compareAndSet', expect: this.#believed.get(key) ?? null, value }
  }

  #attempt(asked: Asked): void {
    if (asked.isOver) return
    const { heap, plan, coverage, machines } = this.#world
    const key = Buffer.from(asked.key)
    const route = this.#picture.find(key)
    const leader = route?.leader ? machines[machineOf(route.leader)] : undefined
    const machine = leader?.up && this.#prng.chance(0.9) ? leader : this.#prng.pick(machines)
    if (!asked.isTainted) asked.seen = route?.position ?? 0
    const attempt = ++asked.attempt
    asked.isUnderWay = true
    const isWrite = asked.task.kind !== 'get' && asked.task.kind !== 'read'
    const stamp: Stamp | null = isWrite
      ? { client: this.#id, sequence: asked.sequence, seen: asked.seen, isRetry: asked.isTainted }
      : null
    let isAnswered = false
    const answer = (error: KvError | null, response?: Uint8Array, position?: number): void => {
      // What comes after the next attempt has begun is too late.
      if (isAnswered || asked.isOver || asked.attempt !== attempt) return
      isAnswered = true
      this.#answered(asked, error, response, position)
    }
    const patienceMs = this.#prng.between(1, 5) * plan.raft.electionTimeoutMs
    heap.after(patienceMs, () => answer(new KvError('OutcomeUnknown', 'no answer to this attempt')))
    if (this.#loses('requestLost')) return
    this.#travel(machine, () => {
      const { up } = machine
      if (!up?.gateway) return answer(new KvError('Unreachable', 'nobody listens there'))
      const { kind, body } = encode(asked)
      up.gateway.execute(
        { store: SERVICE, key, write: isWrite, kind, consistency: 0, body, stamp },
        (error, response, position) => {
          if (!up.effect() || this.#loses('replyLost')) return
          if (!error && isWrite) coverage.add('acknowledged')
          heap.after(this.#latencyMs, () => answer(error, response, position))
        },
      )
    })
  }

  #answered(asked: Asked, error: KvError | null, response: Uint8Array | undefined, position: number | undefined): void {
    const { heap, coverage, trace, plan } = this.#world
    asked.isUnderWay = false
    trace.add('answer', this.name, asked.sequence, error?.code ?? 'ok', position ?? '')
    const isRefused = error?.code === 'TryLater' && position !== undefined
    const route = this.#picture.find(Buffer.from(asked.key))
    if (route && position !== undefined) route.position = isRefused ? position : Math.max(route.position, position)
    if (!error) return this.#end(asked, 'answered', response ?? new Uint8Array(0))
    const isRead = asked.task.kind === 'get' || asked.task.kind === 'read'
    if (error.applied === 'unknown') {
      if (error.code !== 'OutcomeUnknown')
        throw new Violation('strange error', `${asked.key}: ${error.code} ${error.message}`)
      // The range does not remember, and never will.
      if (position !== undefined) return this.#end(asked, 'unknown')
      if (!isRead && !asked.isTainted) coverage.add('unknownRetried')
      asked.isTainted = true
    } else if (!error.retry) {
      throw new Violation('strange error', `${asked.key}: ${error.code} ${error.message}`)
    }
    if (!isRefused) this.#refresh()
    heap.after(isRefused ? 0 : this.#prng.between(0.05, 0.6) * plan.raft.electionTimeoutMs, () => {
      this.#attempt(asked)
    })
  }

  #end(asked: Asked, how: 'answered' | 'unknown' | 'refused', response?: Uint8Array): void {
    if (asked.isOver) return
    asked.isOver = true
    const { coverage, heap, trace } = this.#world
    trace.add('end', this.name, asked.sequence, how)
    if (how === 'unknown') coverage.add('unknownInTheEnd')
    this.#record(asked, how, response, heap.now)
    asked.done(how === 'answered')
  }

  #record(
    asked: Asked,
    how: 'answered' | 'unknown' | 'refused',
    response: Uint8Array | undefined,
    nowMs: number,
  ): void {
    const { key, place, task, beginMs } = asked
    const { lists, registers, book } = this.#records
    const { coverage } = this.#world
    const isAnswered = how === 'answered' && response !== undefined
    const base = { key, client: this.name, beginMs, endMs: isAnswered ? nowMs : null }
    if (task.kind === 'append') {
      if (isAnswered) lists.acknowledged(key, task.value)
      else if (how === 'refused') lists.refused(task.value)
      return
    }
    if (task.kind === 'read' || task.kind === 'get') {
      if (!isAnswered) return
      coverage.add('readServed')
      const found = response.length === 0 ? null : Buffer.from(v1.GetReply.decode(response).value ?? []).toString()
      if (task.kind === 'read') return lists.read(key, found ?? '', task.floor)
      this.#believed.set(key, found)
      registers.push({ ...base, kind: 'get', found, endMs: nowMs })
      return
    }
    if (how === 'refused') return
    if (!isAnswered && book.unknown(place, key)) coverage.add('keyRetired')
    if (task.kind === 'compareAndSet') {
      registers.push(
        compared(
          { ...base, kind: 'compareAndSet', expect: task.expect, value: task.value },
          isAnswered ? response : null,
        ),
      )
    } else if (task.kind === 'put') registers.push({ ...base, kind: 'put', value: task.value })
    else registers.push({ ...base, kind: 'delete' })
    if (isAnswered && task.kind === 'put') this.#believed.set(key, task.value)
  }

  /** Asks some node where everything is. */
  #refresh(): void {
    const machine = this.#prng.pick(this.#world.machines)
    this.#travel(machine, () => {
      const ranges = machine.up?.store?.describe().ranges
      if (ranges) this.#world.heap.after(this.#latencyMs, () => this.#picture.learn(ranges))
    })
  }

  #travel(machine: Machine, arrive: () => void): void {
    this.#world.heap.after(this.#latencyMs, () => {
      const { process } = machine
      // A paused machine takes it when it goes on.
      if (process) process.enter(arrive)
      else arrive()
    })
  }

  #loses(which: 'requestLost' | 'replyLost'): boolean {
    const { calm, plan, coverage } = this.#world
    const loses = !calm && plan.faults.has(which) && this.#prng.chance(0.03)
    if (loses) coverage.add(which)
    return loses
  }

  get #latencyMs(): number {
    return this.#world.plan.latencyMs * (0.5 + this.#prng.gap(0.5))
  }
}

function encode({ key: name, task }: Asked): { readonly kind: number; readonly body: Uint8Array } {
  const key = Buffer.from(name)
  switch (task.kind) {
    case 'get':
    case 'read':
      return { kind: KvQuery.get, body: v1.GetRequest.encode({ key }).finish() }
    case 'put':
      return { kind: KvCommand.put, body: v1.PutRequest.encode({ key, value: Buffer.from(task.value) }).finish() }
    case 'append':
      return { kind: APPEND, body: v1.PutRequest.encode({ key, value: Buffer.from(`${task.value};`) }).finish() }
    case 'delete':
      return { kind: KvCommand.delete, body: v1.DeleteRequest.encode({ key }).finish() }
    case 'compareAndSet': {
      const expect = task.expect === null ? {} : { expect: Buffer.from(task.expect) }
      return {
        kind: KvCommand.compareAndSet,
        body: v1.CompareAndSetRequest.encode({ key, value: Buffer.from(task.value), ...expect }).finish(),
      }
    }
  }
}

function compared(
  operation: Omit<Extract<RegisterOperation, { kind: 'compareAndSet' }>, 'succeeded'>,
  response: Uint8Array | null,
): RegisterOperation {
  if (!response) return { ...operation, succeeded: null }
  const { succeeded, current } = v1.CompareAndSetReply.decode(response)
  return succeeded
    ? { ...operation, succeeded: true }
    : { ...operation, succeeded: false, found: current ? Buffer.from(current).toString() : null }
}
