/** What a store is made with, and what it needs of the node around it. */
import type { Clock, HostId, Log, Random, StoreId, Timers } from '@base-kv/base'
import type { v1 } from '@base-kv/protocol'
import type { Coprocessor, RangeOptions } from '@base-kv/range'
import type { Storage } from '@base-kv/storage'
import type { SnapshotPaceOptions } from './snapshot-pace.ts'

export interface StoreOptions {
  /** Service name, such as kv.store. */
  readonly name: string
  readonly node: string
  readonly host: HostId
  /** What peers and clients dial. */
  readonly address: string
  /** What the operator says of it, shown in the landscape. */
  readonly attributes: Readonly<Record<string, string>>
  readonly tickMs: number
  readonly range: RangeOptions
  /** How snapshots that leave here are held back; `defaultSnapshotPace` unless given. */
  readonly snapshotPace?: SnapshotPaceOptions
}

/** The way to other stores. What cannot be sent is dropped. */
export interface StoreTransport {
  send(to: StoreId, messages: readonly v1.RaftMessage.$Properties[]): void
  pullSnapshot(from: StoreId, request: v1.PullSnapshotRequest.$Properties): AsyncIterable<v1.SnapshotChunk>
  /** Stores of that service on other nodes that are connected now. */
  reachable(service: string): readonly StoreId[]
}

export interface StoreDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly transport: StoreTransport
  /** Runs after the events of this poll of the event loop: setImmediate. */
  soon(run: () => void): void
  makeCoprocessor(): Coprocessor
  /** How busy the process's main thread was of late, 0 to 1. */
  cpuUsage(): number
  /** Milliseconds that the process's event loop has not been waiting for events, since some moment. */
  loopBusyMs(): number
  /** Some descriptor changed. */
  changed(): void
}

/** The epoch that a store takes part in: at most one, for ever. */
export interface HeldEpoch {
  readonly epoch: string
  readonly confirmed: boolean
}
