/** base-kv/client: put, get, delete, compare-and-set, batch, scan; router, pipelines, retries. */
export type {
  ChangeReplicasOptions,
  ExpectedVersion,
  MergeOptions,
  SplitOptions,
  SplitResult,
  TransferOptions,
} from './management.ts'
export { findStore } from './management.ts'
export { type KvClient, openClient } from './open-client.ts'
export type { Bytes, CallOptions, ClientDeps, ClientOptions, Consistency, ReadOptions } from './options.ts'
export type { ClusterPicture, NodePicture, RangesChoice } from './picture.ts'
export type { RecoverOptions } from './recover.ts'
export type { BatchOp, CompareAndSetResult } from './request.ts'
export type { RangeReport, Route } from './route-table.ts'
export type { KeyValue, ScanRange } from './scan.ts'
