/** Those who look at the range again after its next turn or tick. */
import type { KvError } from '@base-kv/base'

export class TurnWaiters {
  #waiting: { readonly resolve: () => void; readonly reject: (error: KvError) => void }[] = []

  get any(): boolean {
    return this.#waiting.length > 0
  }

  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  turned(): void {
    if (!this.any) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve()
  }

  close(error: KvError): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }
}
