/**
 * A merge as an operator asks for it: the right range gets the members of the left one first, and its leader here, as far
 * as that is needed. Refused before anything is changed when the two could never be merged as they are.
 */
import { compareEnds, KvError, parseRangeId, parseStoreId, type RangeId, type StoreId } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import type { RpcChannel } from '@base-kv/rpc'
import { sameMembers, type Store } from '@base-kv/store'

export interface MergeDeps {
  readonly store: Store
  /** Other stores of the service. */
  reachable(): readonly StoreId[]
  /** null: not connected. */
  channelOf(store: StoreId): RpcChannel | null
  /** As replies show it. */
  wire(range: Range): v1.RangeDescriptor.$Properties
}

export interface MergeCall {
  readonly right: RangeId
  /** What the left range must be; undefined: as it is now. */
  readonly ver: { readonly high: number; readonly low: number } | undefined
  readonly timeoutMs: number
}

const SERVICE = '/basekv.v1.BaseKVStore'

/** Leader of `left` only. @throws KvError */
export async function mergeRanges(deps: MergeDeps, left: Range, { right, ver, timeoutMs }: MergeCall): Promise<void> {
  const { store } = deps
  const found = await findLeader(deps, right, timeoutMs)
  refuse(left, right, found)
  const wanted = left.describe().config
  const has = membersOf(found)
  if (!sameMembers(wanted, has)) {
    if (wanted.nextVoters.length > 0 || has.nextVoters.length > 0) throw moving()
    await manage(deps, found, 'ChangeReplicaConfig', timeoutMs, {
      rangeId: right,
      ...verOf(found),
      voters: [...wanted.voters],
      learners: [...wanted.learners],
    })
    throw new KvError('TryLater', `range ${right} has got the members of range ${left.id}`, {
      hint: 'send again: the merge goes on from there',
    })
  }
  if (found.leader !== store.id && wanted.voters.includes(store.id)) {
    // Only so that the merged range is served at once: a merge works wherever the leaders are.
    await manage(deps, found, 'TransferLeadership', timeoutMs, { rangeId: right, storeId: store.id }).catch(() => {})
  }
  await store.merge(left, right, ver)
}

/** The right range as its leader sees it. */
async function findLeader(
  { store, reachable, channelOf, wire }: MergeDeps,
  right: RangeId,
  timeoutMs: number,
): Promise<v1.RangeDescriptor.$Properties> {
  const here = store.range(right)
  if (here?.isLeader) return wire(here)
  const asked = here?.leader && here.leader !== store.id ? [here.leader] : reachable()
  const described = await Promise.all(
    asked.map(async (one) => {
      const body = v1.DescribeRequest.encode({ rangeIds: [right] }).finish()
      const metadata = { store_name: store.options.name }
      const reply = await channelOf(one)
        ?.unary(`${SERVICE}/Describe`, body, { metadata, deadlineMs: timeoutMs })
        .catch(() => null)
      return reply ? (v1.DescribeReply.decode(reply).store?.ranges ?? []).filter((range) => range.id === right) : []
    }),
  )
  const replicas = described.flat()
  const leader = replicas.find((range) => range.role === 'Leader')
  if (leader) return leader
  if (!here && replicas.length === 0) {
    throw new KvError('NotFound', `no range ${right} on any node that answers`, {
      hint: '`base-kv range list` shows the ids',
    })
  }
  throw new KvError('TryLater', `range ${right} has no leader now`, { hint: 'see `base-kv range list`' })
}

/** What no alignment would help against. @throws KvError */
function refuse(left: Range, rightId: RangeId, right: v1.RangeDescriptor.$Properties): void {
  if (left.id === rightId) throw new KvError('BadRequest', 'a range cannot be merged with itself')
  if (parseRangeId(left.id)?.epoch !== parseRangeId(rightId)?.epoch) {
    throw new KvError('BadRequest', `range ${rightId} belongs to another epoch`)
  }
  const end = left.boundary?.end ?? null
  if (end === null || !right.startKey?.length || compareEnds(end, right.startKey) !== 0) {
    throw new KvError('BadRequest', `range ${rightId} does not begin where range ${left.id} ends`, {
      hint: 'see `base-kv range list` for the boundaries; the left range is named first',
    })
  }
  if (right.state !== 'Normal' || left.describe().state !== 'Normal') throw moving()
}

async function manage(
  { store, channelOf }: MergeDeps,
  right: v1.RangeDescriptor.$Properties,
  method: 'ChangeReplicaConfig' | 'TransferLeadership',
  timeoutMs: number,
  request: v1.ChangeReplicaConfigRequest.$Properties & v1.TransferLeadershipRequest.$Properties,
): Promise<void> {
  const leader = parseStoreId(right.leader ?? '')
  const here = store.range(request.rangeId as RangeId)
  if (leader === store.id && here) {
    if (method === 'ChangeReplicaConfig') await here.changeReplicas(targetOf(request))
    return
  }
  const channel = leader && channelOf(leader)
  if (!channel) throw new KvError('TryLater', `the leader of range ${right.id} cannot be reached from here`)
  const type = method === 'ChangeReplicaConfig' ? v1.ChangeReplicaConfigRequest : v1.TransferLeadershipRequest
  const metadata = { store_name: store.options.name }
  const body = type.encode(request).finish()
  const reply = v1.ManagementReply.decode(
    await channel.unary(`${SERVICE}/${method}`, body, { metadata, deadlineMs: timeoutMs }),
  )
  if (reply.code !== 'Ok') {
    throw new KvError(reply.code === 'BadRequest' ? 'BadRequest' : 'TryLater', reply.message || `${method} was refused`)
  }
}

const targetOf = ({ voters, learners }: v1.ChangeReplicaConfigRequest.$Properties) => ({
  voters: (voters ?? []).flatMap((id) => parseStoreId(id) ?? []),
  learners: (learners ?? []).flatMap((id) => parseStoreId(id) ?? []),
})

const verOf = ({ verHigh, verLow }: v1.RangeDescriptor.$Properties) => ({ verHigh: verHigh ?? 0, verLow: verLow ?? 0 })

const membersOf = ({ config }: v1.RangeDescriptor.$Properties) => ({
  voters: (config?.voters ?? []) as StoreId[],
  learners: (config?.learners ?? []) as StoreId[],
  nextVoters: (config?.nextVoters ?? []) as StoreId[],
  nextLearners: (config?.nextLearners ?? []) as StoreId[],
})

const moving = () =>
  new KvError('TryLater', 'another change of one of the two ranges is under way', { hint: 'wait for it to end' })
