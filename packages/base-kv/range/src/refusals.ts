/** Why a replica does not do what it is asked: each certainly applied nothing. */
import { KvError, type RangeId, type StoreId } from '@base-kv/base'
import { formatVersion, type RangeState, type RangeVersion } from '@base-kv/landscape'
import type { TransferResult } from '@base-kv/raft'

export const notConfirmed = () =>
  new KvError('TryLater', 'the first range is not confirmed by a majority yet', {
    hint: 'start the other nodes of the cluster',
  })

export const readsFull = () => new KvError('TryLater', 'too many reads wait', { hint: 'send again after a pause' })

export const noSpace = () =>
  new KvError('NoSpace', 'the disk of this store is nearly full: writes are refused, reads go on', {
    hint: 'free disk space on the node (deleting the ballast file in its data folder helps at once)',
  })

export const noData = (range: RangeId) =>
  new KvError('TryLater', `range ${range} has no data here yet`, { hint: 'ask another node' })

export const isClosed = (why: string) => new KvError('TryLater', why, { hint: 'ask another node' })

export const readAborted = () => new KvError('TryLater', 'leadership was lost during the read', { hint: 'ask again' })

export const changeUnderWay = () =>
  new KvError('TryLater', 'another change of this range is under way', { hint: 'wait for it to end' })

export const otherVersion = (range: RangeId, ver: RangeVersion) =>
  new KvError('BadVersion', `range ${range} has version ${formatVersion(ver)} by now`, {
    hint: 'look at it with `base-kv range list`, then decide again',
  })

export const notNormal = (range: RangeId, state: RangeState) =>
  new KvError('TryLater', `range ${range} is ${state}`, { hint: 'wait for the change under way to end' })

export const frozen = (range: RangeId) =>
  new KvError('TryLater', `range ${range} is being merged into its left neighbour`, { hint: 'send again in a moment' })

export const mergeCancelled = (range: RangeId) =>
  new KvError(
    'TryLater',
    `the merge of range ${range} was cancelled: its right neighbour could not be frozen everywhere`,
    {
      hint: 'all replicas of both ranges must be up; see `base-kv range list`',
    },
  )

export const mergeDecided = (range: RangeId) =>
  new KvError('TryLater', `that merge of range ${range} is decided already`, { hint: 'see `base-kv range list`' })

export const notAligned = (range: RangeId) =>
  new KvError('BadRequest', `the service on range ${range} cannot be split at that key`, { hint: 'choose another key' })

export const notLeader = (range: RangeId, leader: StoreId | null) =>
  new KvError('TryLater', leader ? `the leader of range ${range} is store ${leader}` : `range ${range} has no leader`, {
    hint: 'send again in a moment; `base-kv range list` shows who leads',
  })

/** @returns null when the transfer began */
export function transferRefusal(
  result: TransferResult,
  { range, leader, target }: { readonly range: RangeId; readonly leader: StoreId | null; readonly target: StoreId },
): KvError | null {
  if (result.ok) return null
  switch (result.reason) {
    case 'notLeader':
      return notLeader(range, leader)
    case 'notVoter':
      return new KvError('BadRequest', `store ${target} is no voter of range ${range}`, {
        hint: 'see `base-kv range list` for the voters',
      })
    case 'self':
      return new KvError('BadRequest', `store ${target} leads already`)
    case 'notAlive':
      return new KvError('TryLater', `store ${target} does not answer`, { hint: 'start its node first' })
    case 'notCaughtUp':
      return new KvError('TryLater', `store ${target} has not caught up yet`, { hint: 'send again in a moment' })
    case 'joint':
      return new KvError('TryLater', 'a replica change is under way', { hint: 'wait for it to end' })
    case 'transferring':
      return new KvError('TryLater', 'another transfer is under way', { hint: 'wait for it to end' })
  }
}
