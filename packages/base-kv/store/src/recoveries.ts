/** What recovering a range (range/recovery.ts) means to its store: the replica ends, gets its new id, and begins anew. */
import { KvError, type Log, type RangeId, type StoreId } from '@base-kv/base'
import { planRecovery, type Range } from '@base-kv/range'
import type { Storage } from '@base-kv/storage'
import type { Overruled } from './overruled.ts'
import type { Replicas } from './replicas.ts'

export interface RecoveriesHost {
  readonly store: StoreId
  readonly storage: Storage
  readonly log: Log
  readonly electionTimeoutMs: number
  readonly replicas: Replicas
  readonly overruled: Overruled
  /** The other stores of the service that this one is connected with. */
  reachable(): Iterable<StoreId>
}

/** Silence of the leader before which nobody goes on alone, in election timeouts. */
const SILENCE_ELECTION_TIMEOUTS = 4

/** Durable when resolved. @returns the replica as it begins anew @throws KvError */
export async function recoverAlone(host: RecoveriesHost, id: RangeId): Promise<Range> {
  const { store, storage, log, replicas, overruled } = host
  const range = openRange(host, id)
  const refusal = await refuse(host, range)
  // Somebody else may have begun the same meanwhile.
  const why =
    refusal ?? (openRange(host, id) === range ? asError(planRecovery(store, storage.replica(id))) : isBusy(id))
  if (why) throw why
  const lost = range.members.filter((member) => member.store !== store)
  log.warn('recovers a range with one replica: what only the others had is lost', {
    range: id,
    without: lost.map((member) => member.store),
  })
  const begun = await replicas.reopen(range, async () => {
    // Its last entries are known only now.
    const plan = planRecovery(store, storage.replica(id))
    return plan instanceof KvError ? storage.replica(id) : storage.renewReplica(id, plan)
  })
  for (const member of lost) overruled.tell(id, begun.self, member)
  return begun
}

function openRange({ store, replicas }: RecoveriesHost, id: RangeId): Range {
  if (replicas.isInTransition(id)) throw isBusy(id)
  const range = replicas.ranges.get(id)
  if (range) return range
  const found = replicas.damaged.get(id)
  const why = found && asError(planRecovery(store, found))
  if (why) throw why
  throw new KvError('NotFound', `store ${store} has no replica of range ${id}`, {
    hint: 'see `base-kv range list` for who has one',
  })
}

/** Only who has no leader may go on alone. */
async function refuse(host: RecoveriesHost, range: Range): Promise<KvError | null> {
  const { id, leader, isLeader } = range
  // What is known of a leader may be older than the silence that has begun: a sleeping range has not looked.
  const isLed = isLeader ? await isConfirmed(range) : leader !== null && [...host.reachable()].includes(leader)
  if (isLed) {
    return new KvError('BadRequest', `range ${id} has a leader: there is nothing to recover`, {
      hint: 'change its members with `base-kv range replicas`',
    })
  }
  if (range.leader === null && range.leaderlessMs >= SILENCE_ELECTION_TIMEOUTS * host.electionTimeoutMs) return null
  range.wake()
  return new KvError('TryLater', `range ${id} may still elect a leader by itself`, { hint: 'send again in a moment' })
}

/** Whether a majority takes the replica here for its leader. */
const isConfirmed = (range: Range): Promise<boolean> =>
  new Promise((resolve) => range.read('linearizable', (error) => resolve(error === null)))

const isBusy = (id: RangeId): KvError =>
  new KvError('TryLater', `the replica of range ${id} is busy`, { hint: 'send again' })

const asError = (plan: unknown): KvError | null => (plan instanceof KvError ? plan : null)
