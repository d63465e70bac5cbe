/**
 * Messages of one turn on their way out, by receiver: each gets one frame.
 *
 * The mere news that something is committed waits: it rides with the next message to that store, or goes at the next
 * tick. Nobody is kept waiting by it but readers of stale data, and a lone write costs two frames less.
 */
import { KvError, type Log, type RangeId, type StoreId } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import { type Message, MessageType } from '@base-kv/raft'
import { toWire } from './raft-wire.ts'

export type WireMessage = v1.RaftMessage.$Properties

export class Outbox {
  readonly #send: (to: StoreId, messages: readonly WireMessage[]) => void
  readonly #log: Log
  #queues = new Map<StoreId, WireMessage[]>()
  // The newest news of each range, by receiver.
  readonly #news = new Map<StoreId, Map<RangeId, WireMessage>>()

  constructor(send: (to: StoreId, messages: readonly WireMessage[]) => void, log: Log) {
    this.#send = send
    this.#log = log
  }

  add(range: RangeId, messages: readonly Message[]): void {
    for (const message of messages) {
      const to = message.to.store
      if (message.type === MessageType.heartbeat && message.round === 0) {
        this.#keepNews(to, range, toWire(range, message))
        continue
      }
      // It carries the newer commit index itself.
      if (message.type === MessageType.append) this.#news.get(to)?.delete(range)
      this.addWire(to, toWire(range, message))
    }
  }

  addWire(to: StoreId, message: WireMessage): void {
    const queue = this.#queues.get(to)
    if (queue) queue.push(message)
    else this.#queues.set(to, [message])
  }

  /** Sends what waits, and the news that waits for a ride there. */
  flush(): void {
    if (this.#queues.size === 0) return
    const queues = this.#queues
    this.#queues = new Map()
    for (const [to, messages] of queues) {
      const news = this.#news.get(to)
      this.#news.delete(to)
      try {
        // In front: a split that is committed comes before what its right half has to say.
        this.#send(to, news ? [...news.values(), ...messages] : messages)
      } catch (thrown) {
        // Lost, as a network may lose it; Raft sends again.
        if (!(thrown instanceof KvError)) throw thrown
        this.#log.error('messages could not be sent', { to, error: thrown.message })
      }
    }
  }

  /** The tick: news waits no longer. */
  flushNews(): void {
    for (const [to, news] of this.#news) if (news.size > 0 && !this.#queues.has(to)) this.#queues.set(to, [])
    this.flush()
  }

  #keepNews(to: StoreId, range: RangeId, message: WireMessage): void {
    let news = this.#news.get(to)
    if (!news) this.#news.set(to, (news = new Map()))
    news.set(range, message)
  }
}
