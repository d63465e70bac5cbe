/**
 * Recover: a group that lost its quorum for good goes on with one replica, because an operator said so. What only the
 * lost ones had is lost; all that the survivor's log holds counts, committed or not.
 *
 * Nobody is left to agree, so the survivor writes the decision into its own log: a configuration with itself as the only
 * voter, under a replica id of a new generation (raft/generation.ts), and behind it the command that raises the high half
 * of `ver` by 2^16. One synced batch; before it nothing has happened, behind it the replica elects itself like any lone
 * voter, also after a crash, and applies both like any other entry.
 *
 * The lost ones may come back after all, and would be a majority of the old configuration. Terms far above theirs keep
 * ids of halves apart that either side makes; that they do not serve is the fence's business (store/overruled.ts).
 */
import { KvError, logIndex, type StoreId, term } from '@base-kv/base'
import { canRenew, emptyConfig, encodeConfig, EntryType, generationOf, type Member, replicaIdOf } from '@base-kv/raft'
import type { FoundRange, Renewal } from '@base-kv/storage'
import { encodeCommands, RangeCommand } from './command-batch.ts'
import { decodeState, type ReplicatedState } from './range-state.ts'

/** What a recovery adds to the high half of `ver`: more than the lost ones will ever add by themselves. */
const HIGH_STEP = 2 ** 16
const HIGH_MAX = 2 ** 32 - 1
/** And to the term: nobody stands for election so often in vain. */
const TERM_STEP = 2 ** 24

/** What makes the replica `found` at `store` the only one of its range; or why it must not be. */
export function planRecovery(store: StoreId, found: FoundRange): Renewal | KvError {
  const { range, data, hardState, snapshot, lastIndex } = found
  if (found.state === 'damaged') {
    return new KvError('BadRequest', `the replica of range ${range} at store ${store} is damaged: ${found.reason}`, {
      hint: 'recover at another store that holds one',
    })
  }
  if (!data) {
    return new KvError('BadRequest', `the replica of range ${range} at store ${store} has no data yet`, {
      hint: 'recover at another store that holds one',
    })
  }
  const { ver, confirmed } = decodeState(data.state)
  if (!confirmed) {
    return new KvError('BadRequest', `range ${range} never served: its cluster is not confirmed`, {
      hint: 'wipe the nodes and begin anew',
    })
  }
  if (!canRenew(found.replica) || ver.high + HIGH_STEP > HIGH_MAX) {
    return new KvError('BadRequest', `range ${range} was recovered too often`)
  }
  const index = lastIndex + 1
  const self: Member = { store, replica: replicaIdOf(generationOf(found.replica) + 1, index) }
  const at = term(Math.max(hardState.term, snapshot.term) + TERM_STEP)
  const command = { kind: RangeCommand.recover, body: new Uint8Array(0), stamp: null }
  return {
    replica: self.replica,
    hardState: { term: at, vote: null, commit: hardState.commit },
    entries: [
      {
        index: logIndex(index),
        term: at,
        type: EntryType.config,
        data: encodeConfig({ ...emptyConfig, voters: [self] }),
      },
      { index: logIndex(index + 1), term: at, type: EntryType.command, data: encodeCommands([command], COMMAND_BYTES) },
    ],
  }
}

const COMMAND_BYTES = 64

/** The effect of the command. A change of members that the quorum's loss cut off has ended. */
export const recovered = (state: ReplicatedState): ReplicatedState => ({
  ...state,
  ver: { high: state.ver.high + HIGH_STEP, low: 0 },
  repair: null,
})
