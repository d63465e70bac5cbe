/**
 * The fail-stop latch of one store. LevelDB acknowledges writes after a failed append and loses them at the next start,
 * so the first write error of either database ends both: nothing is acknowledged behind it.
 */
import { KvError } from '@base-kv/base'

export class Poison {
  readonly #onPoison: (error: KvError) => void
  readonly #waiting = new Set<(error: KvError) => void>()
  #error: KvError | null = null

  constructor(onPoison: (error: KvError) => void) {
    this.#onPoison = onPoison
  }

  get error(): KvError | null {
    return this.#error
  }

  /** Whatever the engine said, the store is unusable from here on. Only the first call tells. */
  trip(where: 'log' | 'data', thrown: unknown): void {
    if (this.#error !== null) return
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    this.#error = new KvError('StorageFailed', `writing to database ${where}: ${message}`, {
      cause: thrown,
      hint: 'the process stops; check the disk, then start the node again: nothing acknowledged is lost',
    })
    for (const reject of this.#waiting) reject(this.#error)
    this.#waiting.clear()
    this.#onPoison(this.#error)
  }

  /** A promise that `start` resolves by its callback, and that the first write error rejects. */
  promise(start: (resolve: () => void) => void): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error)
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      start(() => {
        this.#waiting.delete(reject)
        resolve()
      })
    })
  }

  /** @throws the first error, when there was one */
  check(): void {
    if (this.#error !== null) throw this.#error
  }
}
