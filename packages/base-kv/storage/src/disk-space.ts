/**
 * Watches the free space. LevelDB cannot even open on a full disk, so writes are refused while there is still room for
 * reads, compaction and a restart; the ballast file is there for people to delete when it came to the worst.
 */
import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { limits, type Log, type Timers } from '@base-kv/base'
import type { DiskSpace } from './ports.ts'

const BALLAST_BYTES = 64 * 1024 * 1024
const CHECK_MS = 1000

export interface DiskSpaceOptions {
  readonly directory: string
  readonly diskFreeBytesMin?: number
  readonly diskFreeShareMin?: number
  readonly ballastBytes?: number
  readonly spaceCheckMs?: number
}

export class DiskSpaceWatch {
  readonly #options: DiskSpaceOptions
  readonly #timers: Timers
  readonly #log: Log
  #cancel: (() => void) | null = null
  #stopped = false
  newest: DiskSpace = { freeBytes: Infinity, totalBytes: Infinity, low: false }

  constructor(options: DiskSpaceOptions, deps: { readonly timers: Timers; readonly log: Log }) {
    this.#options = options
    this.#timers = deps.timers
    this.#log = deps.log
  }

  async start(): Promise<void> {
    await this.check()
    await this.#makeBallast()
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async check(): Promise<DiskSpace> {
    const { bsize, bavail, blocks } = await statfs(this.#options.directory)
    const freeBytes = bsize * bavail
    const totalBytes = bsize * blocks
    const { diskFreeBytesMin = limits.diskFreeBytesMin, diskFreeShareMin = 0.05 } = this.#options
    const low = freeBytes < Math.max(diskFreeBytesMin, diskFreeShareMin * totalBytes)
    if (low !== this.newest.low) this.#tell(low, freeBytes)
    this.newest = { freeBytes, totalBytes, low }
    return this.newest
  }

  #tell(low: boolean, freeBytes: number): void {
    const { directory } = this.#options
    if (low)
      this.#log.warn('disk space is low, writes are refused', { directory, freeBytes, ballast: ballastIn(directory) })
    else this.#log.info('disk space is back', { directory, freeBytes })
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#cancel = this.#timers.after(this.#options.spaceCheckMs ?? CHECK_MS, () => {
      this.check()
        .catch((thrown: unknown) => this.#log.warn('cannot measure disk space', { error: String(thrown) }))
        .finally(() => this.#schedule())
    })
  }

  /** Only where there is plenty; a half written one (crash, full disk) is taken away again. */
  async #makeBallast(): Promise<void> {
    const { directory, ballastBytes = BALLAST_BYTES } = this.#options
    const path = ballastIn(directory)
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (ballastBytes === 0 || size >= ballastBytes || this.newest.low || this.newest.freeBytes < 8 * ballastBytes)
      return
    const file = await open(path, 'w')
    try {
      const zeros = Buffer.alloc(1024 * 1024)
      for (let written = 0; written < ballastBytes; written += zeros.length) {
        await file.write(zeros, 0, Math.min(zeros.length, ballastBytes - written))
      }
    } catch (thrown) {
      this.#log.warn('no room for the ballast file', { path, error: String(thrown) })
      await rm(path, { force: true })
    } finally {
      await file.close()
    }
  }
}

export function ballastIn(directory: string): string {
  return join(directory, 'ballast')
}
