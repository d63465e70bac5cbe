/**
 * The registers on disk, so that what operators chose outlives a stop of the whole cluster. Written as a whole, beside the old
 * file and then over it; changes of a moment share a write. A file that cannot be read is put aside and said, loudly:
 * the other nodes have theirs.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { hostId, type Log, type Timers } from '@base-kv/base'
import type { Register, Registers } from '@base-kv/crdt'

const VERSION = 1
const WRITE_AFTER_MS = 100

interface Stored {
  readonly version: number
  readonly registers: readonly {
    readonly key: string
    readonly edit: number
    readonly stamp: string
    readonly host: string
    readonly value: string
  }[]
}

export class ProposalsFile {
  readonly #path: string
  readonly #timers: Timers
  readonly #log: Log
  #cancel: (() => void) | undefined
  // One write at a time, in order.
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, deps: { readonly timers: Timers; readonly log: Log }) {
    this.#path = path
    this.#timers = deps.timers
    this.#log = deps.log
  }

  /** Nothing when there is no file yet, or none that can be read. */
  async load(): Promise<(readonly [key: string, register: Register])[]> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (thrown) {
      if ((thrown as { code?: string }).code === 'ENOENT') return []
      throw thrown
    }
    try {
      const { version, registers } = JSON.parse(text) as Stored
      if (version !== VERSION) throw new Error(`version ${version}`)
      return registers.map(({ key, edit, stamp, host, value }) => [
        key,
        { edit, stamp: BigInt(stamp), host: hostId(host), value: new Uint8Array(Buffer.from(value, 'base64')) },
      ])
    } catch (thrown) {
      const aside = `${this.#path}.damaged`
      this.#log.error('the operators’ choices on this disk cannot be read; the other nodes’ ones are taken', {
        file: this.#path,
        aside,
        error: String(thrown),
      })
      await rename(this.#path, aside)
      return []
    }
  }

  /** Something changed. */
  changed(registers: Registers): void {
    this.#cancel ??= this.#timers.after(WRITE_AFTER_MS, () => this.#write(registers))
  }

  /** What is not yet written is written now. */
  async close(registers: Registers): Promise<void> {
    if (this.#cancel) {
      this.#cancel()
      this.#write(registers)
    }
    await this.#writing
  }

  #write(registers: Registers): void {
    this.#cancel = undefined
    this.#writing = this.#writing
      .then(() => this.#replace(registers))
      .catch((thrown: unknown) => {
        this.#log.error('could not keep the operators’ choices on this disk', {
          file: this.#path,
          error: String(thrown),
        })
      })
  }

  async #replace(registers: Registers): Promise<void> {
    const stored: Stored = {
      version: VERSION,
      registers: [...registers.entries].map(([key, { edit, stamp, host, value }]) => ({
        key,
        edit,
        stamp: String(stamp),
        host,
        value: Buffer.from(value).toString('base64'),
      })),
    }
    const beside = `${this.#path}.new`
    const file = await open(beside, 'w')
    try {
      await file.writeFile(JSON.stringify(stored))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, this.#path)
  }
}
