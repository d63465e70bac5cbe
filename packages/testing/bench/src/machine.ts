/** What the figures were taken on, without which they mean nothing. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'
import type { ScratchFolder } from './scratch-folder.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly fileSystem: string
  /** Median of an append of 4 KiB and its fsync, here and now. */
  readonly fsyncMs: number
  readonly loadAverage: number
}

const SYNCS = 100

export function describeMachine(scratch: ScratchFolder): Machine {
  const cores = cpus()
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    fileSystem: scratch.fileSystem,
    fsyncMs: measureFsync(join(scratch.path, 'fsync')),
    loadAverage: loadavg()[0] ?? Number.NaN,
  }
}

function measureFsync(path: string): number {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(4096, 1)
  const times = Array.from({ length: SYNCS }, () => {
    const startMs = performance.now()
    writeSync(file, block)
    fsyncSync(file)
    return performance.now() - startMs
  })
  closeSync(file)
  rmSync(path)
  return median(times)
}
