/**
 * Where a client's operation enters a node: found out which range and which leader it is for, and carried out here or
 * passed on. While a range has no leader, operations wait a moment for one instead of failing at once.
 *
 * A write is passed on once: when the answer is lost on the way it is *unknown*, never sent again. Only what certainly
 * was not applied is tried again: after a split, commands for keys that have left the range are refused by it, and go to
 * the range that has the keys now without the caller noticing.
 */
import { type Clock, KvError, type KvErrorCode, limits, type StoreId, type Timers, toKvError } from '@base-kv/base'
import type { Range, ReadConsistency, Stamp } from '@base-kv/range'
import type { Store } from '@base-kv/store'

/** As on the wire (basekv.v1.Consistency). */
export const CONSISTENCIES: readonly ReadConsistency[] = ['linearizable', 'lease', 'stale']

export interface GatewayRequest {
  /** Service name, such as kv.store. */
  readonly store: string
  /** What decides the range. */
  readonly key: Uint8Array
  readonly write: boolean
  /** The service's command or query. */
  readonly kind: number
  /** Index into CONSISTENCIES; reads only. */
  readonly consistency: number
  readonly body: Uint8Array
  /** Of writes that their client sends again when their outcome is unknown. */
  readonly stamp?: Stamp | null
}

/** Called exactly once. `position`: of the range, when the stamp's is old. */
export type GatewayReply = (error: KvError | null, response?: Uint8Array, position?: number) => void

/** The way to other nodes, for operations. */
export interface OperationForwarder {
  /** False: no way to that store right now, nothing was sent. */
  forward(to: StoreId, request: GatewayRequest, hops: number, reply: GatewayReply): boolean
  /** Stores of that service on other nodes that are reachable now. */
  reachable(service: string): readonly StoreId[]
}

export interface GatewayOptions {
  /** How long an operation waits for a leader. */
  readonly patienceMs: number
  /** Operations that wait at once, and their bytes. */
  readonly parkedMax: number
  readonly parkedBytesMax: number
}

export const defaultGatewayOptions: GatewayOptions = {
  patienceMs: 3_000,
  parkedMax: 4_096,
  parkedBytesMax: limits.pendingBytesMax,
}

/** A follower that does not know the leader may pass on once more. */
const HOPS_MAX = 2
/** Parked operations are tried again at least this often. */
const RETRY_MS = 50

interface Parked {
  readonly request: GatewayRequest
  readonly hops: number
  readonly reply: GatewayReply
  readonly untilMs: number
  readonly why: KvError
}

export class Gateway {
  readonly #stores: ReadonlyMap<string, Store>
  readonly #forwarder: OperationForwarder
  readonly #options: GatewayOptions
  readonly #clock: Clock
  readonly #timers: Timers
  // Invariant: parkedBytes is the sum of their bodies.
  #parked: Parked[] = []
  #parkedBytes = 0
  #retryAsked = false
  #closed = false

  constructor(
    options: GatewayOptions,
    deps: {
      readonly stores: ReadonlyMap<string, Store>
      readonly forwarder: OperationForwarder
      readonly clock: Clock
      readonly timers: Timers
    },
  ) {
    this.#options = options
    this.#stores = deps.stores
    this.#forwarder = deps.forwarder
    this.#clock = deps.clock
    this.#timers = deps.timers
  }

  /** An operation of a client of this node. */
  execute(request: GatewayRequest, reply: GatewayReply): void {
    this.#attempt(request, 0, Number.NaN, reply)
  }

  /** An operation that another node passed on; it does not wait here, its first node does. */
  executeForwarded(request: GatewayRequest, hops: number, reply: GatewayReply): void {
    this.#attempt(request, hops, 0, reply)
  }

  /** Leadership may have changed: what waits for a leader is tried again. */
  retryParked(): void {
    if (this.#parked.length === 0) return
    const parked = this.#parked
    this.#parked = []
    this.#parkedBytes = 0
    const now = this.#clock.monotonicMs()
    for (const one of parked) {
      if (now >= one.untilMs) one.reply(one.why)
      else this.#attempt(one.request, one.hops, one.untilMs, one.reply)
    }
  }

  close(): void {
    this.#closed = true
    const parked = this.#parked
    this.#parked = []
    for (const one of parked) one.reply(one.why)
  }

  /** `untilMs`: NaN before the first park (the time is only asked for when needed). */
  #attempt(request: GatewayRequest, hops: number, untilMs: number, reply: GatewayReply): void {
    const store = this.#stores.get(request.store)
    if (!store) {
      reply(
        new KvError('NotFound', `this node hosts no store ${request.store}`, {
          hint: `stores here: ${[...this.#stores.keys()].join(', ')}`,
        }),
      )
      return
    }
    const range = store.rangeOf(request.key)
    if (range && (range.isLeader || (!request.write && CONSISTENCIES[request.consistency] === 'stale'))) {
      this.#local(range, request, hops, untilMs, reply)
      return
    }
    const target = range ? range.leader : (this.#forwarder.reachable(request.store)[0] ?? null)
    if (target === null || target === store.id) {
      this.#park(request, hops, untilMs, reply, noLeader())
      return
    }
    if (hops >= HOPS_MAX) {
      reply(new KvError('TryLater', 'the leader is not where the other node thought', { hint: 'send again' }))
      return
    }
    const sent = this.#forwarder.forward(target, request, hops + 1, (error, response, position) => {
      if (error && position === undefined && mayTryAgain(error.code)) this.#park(request, hops, untilMs, reply, error)
      else reply(error, response, position)
    })
    if (!sent) this.#park(request, hops, untilMs, reply, noLeader())
  }

  #local(range: Range, request: GatewayRequest, hops: number, untilMs: number, reply: GatewayReply): void {
    const { kind, body } = request
    const refused = (error: KvError) => {
      const hasMoved = error.code === 'BadVersion' && this.#stores.get(request.store)?.rangeOf(request.key) !== range
      if (hasMoved) this.#attempt(request, hops, untilMs, reply)
      else if (mayTryAgain(error.code) && (error.code === 'BadVersion' || !serves(range))) {
        this.#park(request, hops, untilMs, reply, error)
      } else reply(error)
    }
    if (request.write) {
      range.propose(
        kind,
        body,
        (error, response, position) => {
          // With a position it is the client's turn: it has to take that along.
          if (error && (position === undefined || error.code === 'BadVersion')) refused(error)
          else if (error) reply(error, undefined, position)
          else reply(null, response ?? NOTHING, position)
        },
        request.stamp,
      )
      return
    }
    range.read(CONSISTENCIES[request.consistency] ?? 'linearizable', (error) => {
      if (error) refused(error)
      else answerQuery(range, kind, body, (failure, response) => (failure ? refused(failure) : reply(null, response)))
    })
  }

  #park(request: GatewayRequest, hops: number, untilMs: number, reply: GatewayReply, why: KvError): void {
    const until = Number.isNaN(untilMs) ? this.#clock.monotonicMs() + this.#options.patienceMs : untilMs
    const late = until === 0 || this.#clock.monotonicMs() >= until
    const { parkedMax, parkedBytesMax } = this.#options
    const bytes = this.#parkedBytes + request.body.length
    if (late || this.#closed || this.#parked.length >= parkedMax || bytes > parkedBytesMax) {
      reply(why)
      return
    }
    this.#parkedBytes = bytes
    this.#parked.push({ request, hops, reply, untilMs: until, why })
    if (this.#retryAsked) return
    this.#retryAsked = true
    this.#timers.after(RETRY_MS, () => {
      this.#retryAsked = false
      this.retryParked()
    })
  }
}

const NOTHING = new Uint8Array(0)

/** Certainly not applied, and likely to go better with a new leader. */
const mayTryAgain = (code: KvErrorCode): boolean =>
  code === 'TryLater' || code === 'Unreachable' || code === 'BadVersion'

/** A leader that serves says what it means; else waiting may help. */
const serves = (range: Range): boolean => range.isLeader && range.confirmed && !range.isFrozen

const noLeader = () =>
  new KvError('TryLater', 'the range of this key has no leader that can be reached', {
    hint: 'a majority of its replicas must be up; see `base-kv status`',
  })

function answerQuery(range: Range, kind: number, body: Uint8Array, reply: GatewayReply): void {
  let answer: Uint8Array | Promise<Uint8Array>
  try {
    answer = range.query(kind, body)
  } catch (thrown) {
    reply(toKvError(thrown))
    return
  }
  if (answer instanceof Promise) {
    answer.then(
      (response) => reply(null, response),
      (thrown: unknown) => reply(toKvError(thrown)),
    )
  } else {
    reply(null, answer)
  }
}
