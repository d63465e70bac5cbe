/**
 * Sends each operation to the leader of its key as well as the client knows it, and decides what follows from what came
 * back. No route is ever required: every node passes on what is not its own, so with nothing known, or something stale,
 * an operation goes to any open node and costs one more hop.
 *
 * What waits and where: an operation is in a node's pipeline; or among the stranded, while not one node is open; or on the
 * wheel, between two attempts. Its deadline is on the wheel all the time and ends it wherever it is.
 */
import { KvError, limits, type Random } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { AddressBook, type Introduction } from './address-book.ts'
import { backOffMs } from './back-off.ts'
import { type LeftBehind, Node, type NodeOwner } from './node.ts'
import { clusterHint, readBackHint } from './hints.ts'
import { Operation, type OperationOwner } from './operation.ts'
import type { ClientDeps, Settings } from './options.ts'
import { type Destination, Reach } from './reach.ts'
import { errorOf } from './reply-error.ts'
import type { Request } from './request.ts'
import { type Route, RouteTable } from './route-table.ts'
import { WantedRoutes } from './wanted-routes.ts'
import { CallAlarm, Wheel } from './wheel.ts'
import { reportsOf } from './wire-reports.ts'

const noBytes = new Uint8Array()
const wheelTickMs = 5
/** Between two rounds of asking all nodes where the leaders are. */
const refreshPauseMs = 100
/** While there is traffic, routes are asked for this often: a node that passes on does not have to say so. */
const refreshEveryMs = 1_000
/** When nothing is open, what arrives has everything dialled again, but not more often than this. */
const redialPauseMs = 100
const describeTimeoutMs = 1_000
/** How often an operation follows "the leader is there" at once, before it backs off like any other. */
const hopsMax = 2

export class Router implements NodeOwner, OperationOwner {
  readonly #settings: Settings
  readonly #deps: ClientDeps
  readonly #wheel: Wheel
  readonly #table = new RouteTable()
  readonly #book: AddressBook
  readonly #nodes = new Map<string, Node>()
  readonly #stranded = new Set<Operation | Reach>()
  /** Any open node will do: the one used last, so that what goes anywhere goes together. */
  #habit: Node | undefined
  /** Since when no node has been open. */
  #aloneSinceMs: number
  /** Invariant: the operations not settled, and their bytes. */
  #liveCount = 0
  #liveBytes = 0
  /** Where a node said that the leader is, before anything was described. */
  #leaderGuess: string | undefined
  #refreshedMs = Number.NEGATIVE_INFINITY
  #isClosed = false
  /** Set once a node has more ranges than it says at a time. */
  #wanted: WantedRoutes | undefined
  readonly #clientId: string
  /** Of the write begun last. */
  #sequence = 0
  readonly #redialAlarm = new CallAlarm(() => this.#redial())

  constructor(settings: Settings, deps: ClientDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#wheel = new Wheel({ tickMs: wheelTickMs }, deps)
    this.#book = new AddressBook(settings.endpoints)
    this.#aloneSinceMs = deps.clock.monotonicMs()
    this.#clientId = randomId(deps.random)
  }

  get wheel(): Wheel {
    return this.#wheel
  }

  get nowMs(): number {
    return this.#deps.clock.monotonicMs()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Begins one operation; it ends by `resolve` or `reject`, once. */
  begin(
    request: Request,
    timeoutMs: number,
    resolve: (reply: Uint8Array) => void,
    reject: (error: KvError) => void,
  ): void {
    if (this.#isClosed) return reject(closedError())
    if (this.#liveCount >= this.#settings.inFlightMax || this.#liveBytes >= limits.pendingBytesMax) {
      const message = `${this.#liveCount} operations (${this.#liveBytes} bytes) of this client wait for their answers`
      return reject(new KvError('TryLater', message, { hint: 'await some before calling more' }))
    }
    const nowMs = this.nowMs
    if (nowMs - this.#refreshedMs >= refreshEveryMs) this.refresh()
    const sequence = request.isWrite ? ++this.#sequence : 0
    const operation = new Operation({ request, sequence, timeoutMs, nowMs }, this, resolve, reject)
    this.#liveCount++
    this.#liveBytes += operation.bytes
    this.#wheel.set(operation, Math.min(timeoutMs, this.#settings.attemptTimeoutMs))
    this.#send(operation)
  }

  /** An open node for `key`, the leader's if that is possible. */
  reach(key: Uint8Array | null, isStale: boolean, timeoutMs: number): Promise<Node> {
    if (this.#isClosed) return Promise.reject(closedError())
    const node = this.#choose({ key, isStale })
    if (node !== undefined) return Promise.resolve(node)
    return new Promise((resolve, reject) => {
      const reach = new Reach({ key, isStale }, this.#wheel, resolve, reject)
      this.#wheel.set(reach, timeoutMs)
      this.#strand(reach)
    })
  }

  /** The node dialled at this address; made when it is new. */
  nodeAt(address: string): Node {
    const known = this.#nodes.get(address)
    if (known !== undefined) return known
    const log = this.#settings.log
    const node = new Node(address, this.#settings, { ...this.#deps, log, clientId: this.#clientId }, this)
    this.#nodes.set(address, node)
    return node
  }

  get book(): AddressBook {
    return this.#book
  }

  get routes(): readonly Route[] {
    return this.#table.routes
  }

  routeOf(key: Uint8Array | null): Route | undefined {
    return this.#table.find(key)
  }

  /** Where to dial the leader of a route. */
  leaderAddress(route: Route): string | undefined {
    if (route.movedTo !== undefined) return this.#book.ofAdvertised(route.movedTo)
    return route.leader === '' ? undefined : this.#book.ofStore(route.leader)
  }

  /**
   * A call that is safe to repeat failed; `sinceMs` is when it, or the part of it that is to be repeated, began.
   * Resolves when to try again, rejects when that has no sense.
   */
  async pauseAfter(error: KvError, sinceMs: number, timeoutMs: number): Promise<void> {
    const isPassing = error.retry || error.code === 'OutcomeUnknown'
    const waitedMs = this.nowMs - sinceMs
    const delayMs = backOffMs(waitedMs, this.#deps.random)
    if (!isPassing || this.#isClosed || waitedMs + delayMs >= timeoutMs) throw error
    this.refresh()
    await this.#wheel.wait(delayMs)
  }

  /** Asks the nodes where leaders are, unless that was done a moment ago. */
  refresh(): void {
    if (this.#isClosed || this.nowMs - this.#refreshedMs < refreshPauseMs) return
    this.#refreshedMs = this.nowMs
    const keys = this.#wanted?.take() ?? []
    for (const node of this.#nodes.values()) {
      if (node.state !== 'open') continue
      const asked = this.#wanted
        ? node.describeSome({ keys, routes: true, limit: keys.length || 1 }, describeTimeoutMs)
        : node.describe(describeTimeoutMs)
      // What it says, or that it says nothing, reaches `described` or is of no use.
      asked.catch(() => {})
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const node of this.#nodes.values()) {
      const { written, unwritten } = node.close()
      const error = unansweredError(node.address, closedError())
      for (const operation of written) operation.fail(operation.request.isWrite ? error : closedError())
      for (const operation of unwritten) operation.fail(closedError())
    }
    for (const traveller of [...this.#stranded]) traveller.fail(closedError())
    for (const alarm of this.#wheel.stop()) {
      if (alarm instanceof Operation) alarm.fail(closedError())
    }
  }

  // What nodes tell.

  opened(): void {
    const stranded = [...this.#stranded]
    this.#stranded.clear()
    this.#wheel.cancel(this.#redialAlarm)
    for (const traveller of stranded) this.#depart(traveller)
  }

  lost(node: Node, error: KvError, left: LeftBehind & { readonly wasOpen: boolean }): void {
    if (this.#habit === node) this.#habit = undefined
    if (left.wasOpen && !this.#someNodeIs('open')) this.#aloneSinceMs = this.nowMs
    const unknown = unansweredError(node.address, error)
    for (const operation of left.written) this.#failedAttempt(operation, unknown, false)
    for (const operation of left.unwritten) this.#send(operation)
    this.refresh()
    this.#judgeStranded()
  }

  answered(node: Node, operation: Operation, result: v1.PipelineResult.$Properties): void {
    const isBetterPlace = result.leader ? this.#moved(operation.key, result.leader, node) : false
    const code = result.code ?? v1.ReplyCode.OK
    // The position: that which the operation took along is old. A refusal with one: too old, or of another range.
    const position = result.position ?? undefined
    const isRefused = position !== undefined && code === v1.ReplyCode.TRY_LATER
    if (position !== undefined) this.#table.hear(operation.key, position, isRefused)
    if (code === v1.ReplyCode.OK) operation.answer(result.reply ?? noBytes)
    // The range does not remember, and never will.
    else if (position !== undefined && code === v1.ReplyCode.OUTCOME_UNKNOWN) operation.fail(errorOf(result))
    else this.#failedAttempt(operation, errorOf(result), isBetterPlace || isRefused)
  }

  described(node: Node, { store, peers, next }: v1.DescribeReply, isWhole: boolean): void {
    if (!store) return
    const self = introduction(store.id, store.address)
    if (self.storeId === '') return
    this.#book.learn(
      node.address,
      self,
      peers.map(({ storeId, address }) => introduction(storeId, address)),
    )
    if (isWhole) this.#table.learn(self.storeId, reportsOf(store))
    else this.#table.learnSome(self.storeId, reportsOf(store))
    if (next.length > 0) this.#wanted ??= new WantedRoutes()
  }

  /** What a leader said of one of its ranges. */
  heardOf(range: v1.RangeDescriptor.$Properties): void {
    const { leader } = range
    if (leader) this.#table.learnSome(leader, reportsOf({ epochConfirmed: true, ranges: [range] }))
  }

  // What operations tell.

  expired(operation: Operation): void {
    const { request, timeoutMs, lastError, attempts } = operation
    const leftMs = operation.deadlineMs - this.nowMs
    if (leftMs > 0) {
      this.#wheel.set(operation, Math.min(leftMs, this.#settings.attemptTimeoutMs))
      this.#giveUpAttempt(operation)
      return
    }
    const unanswered = `no answer within ${timeoutMs} ms`
    if (request.isWrite && (operation.pipeline !== undefined || operation.isTainted)) {
      const hint = readBackHint
      operation.fail(new KvError('OutcomeUnknown', unanswered, { hint, ...(lastError && { cause: lastError }) }))
    } else if (operation.pipeline !== undefined || lastError?.applied === 'unknown') {
      operation.fail(
        new KvError('DeadlineExceeded', unanswered, { hint: 'give it more time, or look at base-kv status' }),
      )
    } else {
      const cause = lastError ?? this.#notSentError(operation)
      const message = `not done within ${timeoutMs} ms, after ${attempts} refusals: ${cause.message}`
      operation.fail(new KvError(cause.code, message, { hint: cause.hint ?? clusterHint, cause }))
    }
  }

  settled(operation: Operation): void {
    this.#liveCount--
    this.#liveBytes -= operation.bytes
    this.#wheel.cancel(operation)
    this.#stranded.delete(operation)
  }

  // Where things go.

  #send(operation: Operation): void {
    if (operation.isSettled) return
    const route = this.#table.find(operation.key)
    this.#wanted?.add(operation.key, route)
    operation.departs(route?.position ?? 0)
    const node = this.#choose(operation, route)
    if (node !== undefined) node.submit(operation)
    else this.#strand(operation)
  }

  /** The leader's node if it is open, else any open one; undefined when there is none. */
  #choose({ key, isStale }: Destination, route = this.#table.find(key)): Node | undefined {
    if (!isStale) {
      const address = route === undefined ? this.#leaderGuess : this.leaderAddress(route)
      if (address !== undefined) {
        const leader = this.nodeAt(address)
        if (leader.state === 'open') return leader
        leader.dial({ evenInPause: false })
      }
      // Going to another node is fine, but not for long.
      this.refresh()
    }
    if (this.#habit?.state === 'open') return this.#habit
    for (const node of this.#nodes.values()) {
      if (node.state === 'open') return (this.#habit = node)
    }
    return undefined
  }

  /** A node said that `leader` leads the range of `key`. @returns whether that is another place to try */
  #moved(key: Uint8Array, leader: string, node: Node): boolean {
    const address = this.#book.ofAdvertised(leader)
    if (address === undefined || address === node.address) return false
    const route = this.#table.find(key)
    const known = route === undefined ? this.#leaderGuess : this.leaderAddress(route)
    if (known !== address) {
      if (route === undefined) this.#leaderGuess = address
      else route.movedTo = leader
      this.refresh()
    }
    return true
  }

  #failedAttempt(operation: Operation, error: KvError, isBetterPlaceKnown: boolean): void {
    if (!operation.retriesAfter(error)) return
    if (error.applied === 'no') this.refresh()
    const isFirstLoss = error.applied === 'unknown' && operation.attempts === 1
    if (isFirstLoss || (isBetterPlaceKnown && operation.attempts <= hopsMax)) {
      this.#send(operation)
    } else {
      const delayMs = backOffMs(this.nowMs - operation.sinceMs, this.#deps.random)
      this.#wheel.set(new CallAlarm(() => this.#send(operation)), delayMs)
    }
  }

  /** What became of it is not known, but there is time for another one. What was not written yet goes on waiting. */
  #giveUpAttempt(operation: Operation): void {
    const { pipeline } = operation
    if (pipeline === undefined) return
    pipeline.forget(operation)
    const message = `no answer within ${this.#settings.attemptTimeoutMs} ms`
    this.#failedAttempt(operation, new KvError('OutcomeUnknown', message, { hint: readBackHint }), false)
  }

  // While no node is open.

  #strand(traveller: Operation | Reach): void {
    this.#stranded.add(traveller)
    if (!this.#someNodeIs('connecting')) {
      const nowMs = this.nowMs
      for (const node of this.#knownNodes()) {
        if (nowMs - node.triedMs >= redialPauseMs) node.dial({ evenInPause: true })
      }
    }
    this.#judgeStranded()
  }

  #depart(traveller: Operation | Reach): void {
    if (traveller instanceof Operation) return this.#send(traveller)
    const node = this.#choose(traveller)
    if (node !== undefined) traveller.arrive(node)
    else this.#strand(traveller)
  }

  /** Gives up what waits when waiting has no sense any more, else sees to it that dialling goes on. */
  #judgeStranded(): void {
    if (this.#stranded.size === 0) return
    const nodes = this.#knownNodes()
    if (!this.#someNodeIs('connecting')) {
      const isLong = this.nowMs - this.#aloneSinceMs >= this.#settings.unreachablePatienceMs
      if (nodes.every(refusesForGood) || (isLong && !nodes.some(asksForPatience))) {
        const error = this.#unreachableError(nodes)
        for (const traveller of [...this.#stranded]) traveller.fail(error)
        this.#stranded.clear()
        return
      }
    }
    const dialAgainMs = Math.min(...nodes.filter(({ state }) => state === 'resting').map((node) => node.dialAgainMs))
    if (dialAgainMs === Infinity) return
    this.#wheel.cancel(this.#redialAlarm)
    this.#wheel.set(this.#redialAlarm, Math.max(dialAgainMs - this.nowMs, 0))
  }

  #redial(): void {
    if (this.#stranded.size === 0) return
    for (const node of this.#knownNodes()) node.dial({ evenInPause: false })
    this.#judgeStranded()
  }

  #knownNodes(): Node[] {
    return this.#book.all().map((address) => this.nodeAt(address))
  }

  #someNodeIs(state: Node['state']): boolean {
    for (const node of this.#nodes.values()) if (node.state === state) return true
    return false
  }

  #notSentError(operation: Operation): KvError {
    if (this.#stranded.has(operation)) return this.#unreachableError(this.#knownNodes())
    return new KvError('TryLater', 'the connection took nothing more', {
      hint: 'send less at a time, or allow more time',
    })
  }

  #unreachableError(nodes: readonly Node[]): KvError {
    const refusal = nodes.every(refusesForGood) ? nodes.find((node) => node.lastError)?.lastError : undefined
    const reasons = new Set(nodes.map(({ lastError }) => lastError?.message ?? 'no answer yet'))
    const addresses = nodes.map(({ address }) => address).join(', ')
    return new KvError(refusal?.code ?? 'Unreachable', `no node answers at ${addresses}: ${[...reasons].join('; ')}`, {
      hint: refusal?.hint ?? clusterHint,
    })
  }
}

/** 16 bytes in hexadecimal. */
const randomId = (random: Random): string =>
  Array.from({ length: 16 }, () => random.below(256).toString(16).padStart(2, '0')).join('')

const introduction = (storeId?: string | null, address?: string | null): Introduction => ({
  storeId: storeId ?? '',
  address: address ?? '',
})

/** Dialling it again cannot help: what answers there is no node, or wants other certificates. */
const refusesForGood = ({ lastError }: Node): boolean =>
  lastError !== undefined && lastError.applied === 'no' && !lastError.retry

/** It is there, and said "not now". */
const asksForPatience = ({ lastError }: Node): boolean => lastError?.code === 'TryLater'

function closedError(): KvError {
  return new KvError('Unreachable', 'the client was closed', { hint: 'open another one' })
}

function unansweredError(address: string, cause: KvError): KvError {
  const message = `the connection to ${address} ended before the answer: ${cause.message}`
  return new KvError('OutcomeUnknown', message, { hint: readBackHint, cause })
}
