/**
 * Channels without sockets, for tests: the same service tables, the same words, the same promises about failures.
 * It behaves like TCP, not like datagrams: what is written while a direction is cut waits for `heal` in order, and is
 * lost only when an end gives the connection up. An end that closes tells the other one, if the way to it is not cut.
 */
import { KvError } from '@base-kv/base'
import type { BidiEvents, CallOptions, ClientBidi, RpcChannel } from './channel-types.ts'
import { methodTable, type MethodTable } from './method-table.ts'
import { MemoryCall } from './memory-call.ts'
import { Way } from './memory-way.ts'
import { openPeerLink } from './peer-link.ts'
import type { PeerLink, PeerLinkOptions } from './peer-types.ts'
import { pullMessages } from './pull-messages.ts'
import type { ServiceTable } from './service-table.ts'

export interface MemoryNetwork {
  /** Answers at `address` (any string) until closed; closing breaks what is under way, as a killed process would. */
  serve(address: string, services: readonly ServiceTable[]): { close(): void }
  /** `from` is what `cut` and `heal` name. */
  openChannel(from: string, to: string): RpcChannel
  openPeerLink(from: string, options: PeerLinkOptions): PeerLink
  /** Nothing more gets from `from` to `to`; the other direction is untouched. */
  cut(from: string, to: string): void
  heal(from: string, to: string): void
}

/** One served address. */
interface Served {
  readonly methods: MethodTable
  readonly calls: Set<MemoryCall>
}

export function memoryNetwork(): MemoryNetwork {
  const served = new Map<string, Served>()
  const ways = new Map<string, Way>()
  const way = (from: string, to: string): Way => {
    const name = `${from}\n${to}`
    let found = ways.get(name)
    if (found === undefined) ways.set(name, (found = new Way()))
    return found
  }
  const network: MemoryNetwork = {
    serve(address, services) {
      if (served.has(address)) throw new KvError('BadConfig', `${address} is taken`)
      const entry: Served = { methods: methodTable(services, Infinity), calls: new Set() }
      served.set(address, entry)
      return {
        close() {
          served.delete(address)
          for (const call of [...entry.calls]) call.serverDied()
        },
      }
    },
    openChannel: (from, to) => new MemoryChannel(to, way(from, to), way(to, from), () => served.get(to)),
    openPeerLink: (from, options) => openPeerLink(options, (to) => network.openChannel(from, to)),
    cut: (from, to) => way(from, to).cut(),
    heal: (from, to) => way(from, to).heal(),
  }
  return network
}

class MemoryChannel implements RpcChannel {
  readonly address: string
  readonly #there: Way
  readonly #back: Way
  readonly #served: () => Served | undefined
  readonly #calls = new Set<MemoryCall>()
  #closed = false

  constructor(address: string, there: Way, back: Way, served: () => Served | undefined) {
    this.address = address
    this.#there = there
    this.#back = back
    this.#served = served
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let reply: Buffer | undefined
      const events: BidiEvents = {
        onMessage(message) {
          reply = message
        },
        onEnd: (error) => {
          if (error !== undefined) reject(error)
          else if (reply !== undefined) resolve(reply)
          else reject(new KvError('OutcomeUnknown', `${this.address} answered ${path} without a message`))
        },
      }
      const call = this.bidi(path, events, options)
      call.write(request)
      call.end()
    })
  }

  serverStream(path: string, request: Uint8Array, options: CallOptions = {}): AsyncIterable<Buffer> {
    return pullMessages((events) => {
      const call = this.bidi(path, events, options)
      call.write(request)
      call.end()
      return call
    })
  }

  bidi(path: string, events: BidiEvents, options: CallOptions = {}): ClientBidi {
    const call = new MemoryCall({
      path,
      address: this.address,
      events,
      options,
      there: this.#there,
      back: this.#back,
      onDone: () => this.#calls.delete(call),
    })
    this.#calls.add(call)
    if (this.#closed) {
      queueMicrotask(() => call.abandon('the channel is closed'))
      return call
    }
    this.#there.carry(() => {
      const server = this.#served()
      if (server === undefined) return this.#back.carry(() => call.refused())
      const method = server.methods.get(path)
      if (method === undefined) {
        return this.#back.carry(() => call.answered(new KvError('Unimplemented', `this server has no method ${path}`)))
      }
      server.calls.add(call)
      call.serve(method, () => server.calls.delete(call))
    })
    return call
  }

  close(): void {
    this.#closed = true
    for (const call of [...this.#calls]) call.abandon('the channel was closed')
  }
}
