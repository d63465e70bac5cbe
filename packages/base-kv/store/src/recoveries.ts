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
}

/** Silence of the leader before which nobody goes on alone, in election timeouts. */
const SILENCE_ELECTION_TIMEOUTS = 4

/** Durable when resolved. @returns the replica as it begins anew @throws KvError */
export async function recoverAlone(host: RecoveriesHost, id: RangeId): Promise<Range> {
  const { store, storage, log, replicas, overruled } = host
  const range = openRange(host, id)
  const refusal = refuse(host, range) ?? asError(planRecovery(store, storage.replica(id)))
  if (refusal) throw refusal
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
  if (replicas.isInTransition(id)) {
    throw new KvError('TryLater', `the replica of range ${id} is busy`, { hint: 'send again' })
  }
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
function refuse({ electionTimeoutMs }: RecoveriesHost, { id, isLeader, leader, leaderlessMs }: Range): KvError | null {
  if (isLeader || leader !== null) {
    return new KvError('BadRequest', `range ${id} has a leader: there is nothing to recover`, {
      hint: 'change its members with `base-kv range replicas`',
    })
  }
  if (leaderlessMs >= SILENCE_ELECTION_TIMEOUTS * electionTimeoutMs) return null
  return new KvError('TryLater', `range ${id} may still elect a leader by itself`, { hint: 'send again in a moment' })
}

const asError = (plan: unknown): KvError | null => (plan instanceof KvError ? plan : null)
