import { KvError } from '@base-kv/base'
import { clusterHint } from './hints.ts'
import type { Node } from './node.ts'
import { Alarm, type Wheel } from './wheel.ts'

export interface Destination {
  /** Null: the first key. */
  readonly key: Uint8Array | null
  /** Any node will do. */
  readonly isStale: boolean
}

/** Waits for an open node; its own alarm is its deadline. */
export class Reach extends Alarm implements Destination {
  readonly key: Uint8Array | null
  readonly isStale: boolean
  isSettled = false
  readonly #wheel: Wheel
  readonly #resolve: (node: Node) => void
  readonly #reject: (error: KvError) => void

  constructor(to: Destination, wheel: Wheel, resolve: (node: Node) => void, reject: (error: KvError) => void) {
    super()
    this.key = to.key
    this.isStale = to.isStale
    this.#wheel = wheel
    this.#resolve = resolve
    this.#reject = reject
  }

  override ring(): void {
    this.fail(new KvError('Unreachable', 'no node could be reached in time', { hint: clusterHint }))
  }

  arrive(node: Node): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#wheel.cancel(this)
    this.#resolve(node)
  }

  fail(error: KvError): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#wheel.cancel(this)
    this.#reject(error)
  }
}
