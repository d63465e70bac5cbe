/** Messages of one turn on their way out, by receiver: each gets one frame. */
import { KvError, type Log, type RangeId, type StoreId } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import type { Message } from '@base-kv/raft'
import { toWire } from './raft-wire.ts'

export type WireMessage = v1.RaftMessage.$Properties

export class Outbox {
  readonly #send: (to: StoreId, messages: readonly WireMessage[]) => void
  readonly #log: Log
  #queues = new Map<StoreId, WireMessage[]>()

  constructor(send: (to: StoreId, messages: readonly WireMessage[]) => void, log: Log) {
    this.#send = send
    this.#log = log
  }

  add(range: RangeId, messages: readonly Message[]): void {
    for (const message of messages) this.addWire(message.to.store, toWire(range, message))
  }

  addWire(to: StoreId, message: WireMessage): void {
    const queue = this.#queues.get(to)
    if (queue) queue.push(message)
    else this.#queues.set(to, [message])
  }

  flush(): void {
    if (this.#queues.size === 0) return
    const queues = this.#queues
    this.#queues = new Map()
    for (const [to, messages] of queues) {
      try {
        this.#send(to, messages)
      } catch (thrown) {
        // Lost, as a network may lose it; Raft sends again.
        if (!(thrown instanceof KvError)) throw thrown
        this.#log.error('messages could not be sent', { to, error: thrown.message })
      }
    }
  }
}
