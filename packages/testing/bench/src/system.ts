/** One of the two systems under test: three processes that replicate, and the few things that differ between them. */
import type { Child } from './children.ts'
import type { LoadResult } from './h2load.ts'
import type { Side } from './options.ts'
import type { CallKind } from './suites.ts'

export interface Leader {
  readonly node: Child
  /** `http://host:port` of its gRPC. */
  readonly url: string
}

export interface System {
  readonly side: Side
  readonly version: string
  readonly nodes: readonly Child[]
  leader(): Promise<Leader>
  callPath(kind: CallKind): string
  /**
   * Runs the load and tells how many of its calls ended with gRPC status 0. h2load itself sees HTTP 200 for a refused
   * call too, so its count alone means nothing.
   */
  countAcknowledged(kind: CallKind, leader: Leader, load: () => Promise<LoadResult>): Promise<Counted>
  /** How it is known that an acknowledged write was synced. Asked after the load. */
  syncEvidence(): Promise<string>
  put(key: Buffer, value: Buffer): Promise<void>
  get(key: Buffer): Promise<Buffer | undefined>
  close(): Promise<void>
}

export interface Counted {
  readonly load: LoadResult
  readonly acknowledged: number
}
