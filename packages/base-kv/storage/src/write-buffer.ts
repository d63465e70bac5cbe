/** The generations of one store, oldest first, and how many bytes they hold. generation.ts says why there are several. */
import { assert } from '@base-kv/base'
import { Generation, newestChange } from './generation.ts'

/** What a change costs in memory beside its key and value. */
export const CHANGE_OVERHEAD = 64

export class WriteBuffer {
  #current = new Generation(1)
  #sealed: Generation[] = []
  #pendingBytes = 0
  /** Ranges that have put something since their last `setApplied`. Nothing is sealed then: a flush would tear an entry apart. */
  openSteps = 0

  get current(): Generation {
    return this.#current
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Whether the oldest generation must wait for database `log`. */
  get isBlocked(): boolean {
    return (this.#sealed[0] ?? this.#current).blockers > 0
  }

  get sealedCount(): number {
    return this.#sealed.length
  }

  /** Sequence of the newest generation that holds something; 0 when nothing waits. */
  get newestSequence(): number {
    return this.#current.isEmpty ? (this.#sealed.at(-1)?.sequence ?? 0) : this.#current.sequence
  }

  /** Everything not yet known to be on disk, oldest first, the current one last. */
  get alive(): readonly Generation[] {
    return this.#current.isEmpty ? this.#sealed : [...this.#sealed, this.#current]
  }

  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#current.isEmpty
  }

  newestChange(slot: number, key: string): Uint8Array | null | undefined {
    const change = this.#current.slots.get(slot)?.changes.get(key)
    return change === undefined ? newestChange(this.#sealed, slot, key) : change
  }

  count(bytes: number): void {
    this.#current.bytes += bytes
    this.#pendingBytes += bytes
  }

  seal(): void {
    if (this.#current.isEmpty) return
    assert(this.openSteps === 0, 'an entry is applied and its position set in one turn')
    this.#sealed.push(this.#current)
    this.#current = new Generation(this.#current.sequence + 1)
  }

  /** The oldest sealed generations, none of them blocked, up to about `bytesMax`. They stay until `drop`. */
  oldest(bytesMax: number): readonly Generation[] {
    let bytes = 0
    const end = this.#sealed.findIndex((generation, at) => {
      bytes += generation.bytes
      return generation.blockers > 0 || (bytes > bytesMax && at > 0)
    })
    return end < 0 ? [...this.#sealed] : this.#sealed.slice(0, end)
  }

  /** Their flush returned: the engine has them. */
  drop(flushed: readonly Generation[]): void {
    assert(
      flushed.every((generation, at) => this.#sealed[at] === generation),
      'generations are flushed in order',
    )
    this.#sealed = this.#sealed.slice(flushed.length)
    for (const generation of flushed) this.#pendingBytes -= generation.bytes
  }
}
