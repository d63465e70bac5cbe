/**
 * Changes of who leads and who holds a range. They go to the range's leader. TryLater is repeated until the deadline;
 * an answer that was lost is not: what was asked for may have happened, and `describe` shows it.
 */
import { contains, KvError, errorCodes, type KvErrorCode, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { type ClusterPicture, describeCluster, type RangesChoice } from './picture.ts'
import type { Bytes } from './options.ts'
import { ownBytes, toBytes } from './request.ts'
import type { Route } from './route-table.ts'
import type { Router } from './router.ts'

/** The version that the caller saw; the change is refused with BadVersion when it is another one by now. */
export interface ExpectedVersion {
  readonly high: number
  readonly low: number
}

export interface TransferOptions {
  readonly rangeId: string
  /** A store id, a unique prefix of one, or a node's name. */
  readonly to: string
  readonly ver?: ExpectedVersion
  readonly timeoutMs?: number
}

export interface SplitOptions {
  /** First key of the right half. */
  readonly key: Bytes
  /** The one that holds the key unless given. */
  readonly rangeId?: string
  readonly ver?: ExpectedVersion
  readonly timeoutMs?: number
}

export interface SplitResult {
  readonly left: v1.RangeDescriptor.$Properties
  readonly rightId: string
}

export interface MergeOptions {
  /** The one that stays. */
  readonly leftId: string
  /** Its neighbour behind, which is absorbed. */
  readonly rightId: string
  /** Of the left one. */
  readonly ver?: ExpectedVersion
  readonly timeoutMs?: number
}

export interface ChangeReplicasOptions {
  readonly rangeId: string
  /** Each a store id, a unique prefix of one, or a node's name. */
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  readonly ver?: ExpectedVersion
  readonly timeoutMs?: number
}

/** @returns the range as it is afterwards, as its leader sees it */
export async function transferLeadership(
  router: Router,
  { rangeId, to, ver, timeoutMs }: TransferOptions & { readonly timeoutMs: number },
): Promise<v1.RangeDescriptor.$Properties> {
  const named = { rangeIds: [rangeId] }
  const { range } = await manage(
    router,
    '/basekv.v1.BaseKVStore/TransferLeadership',
    named,
    { timeoutMs, ver },
    (picture) =>
      v1.TransferLeadershipRequest.encode({ rangeId, ...wireVersion(ver), storeId: findStore(picture, to) }).finish(),
  )
  return range ?? {}
}

/** @returns the range as it is afterwards, as its leader sees it */
export async function changeReplicas(
  router: Router,
  { rangeId, voters, learners = [], ver, timeoutMs }: ChangeReplicasOptions & { readonly timeoutMs: number },
): Promise<v1.RangeDescriptor.$Properties> {
  const named = { rangeIds: [rangeId] }
  const { range } = await manage(
    router,
    '/basekv.v1.BaseKVStore/ChangeReplicaConfig',
    named,
    { timeoutMs, ver },
    (picture) =>
      v1.ChangeReplicaConfigRequest.encode({
        rangeId,
        ...wireVersion(ver),
        voters: voters.map((wanted) => findStore(picture, wanted)),
        learners: learners.map((wanted) => findStore(picture, wanted)),
      }).finish(),
  )
  return range ?? {}
}

/** @returns both halves as far as the reply tells: the left one as its leader sees it, the right one's id */
export async function splitRange(
  router: Router,
  { rangeId, key, ver, timeoutMs }: SplitOptions & { readonly timeoutMs: number },
): Promise<SplitResult> {
  const splitKey = ownBytes(toBytes(key))
  const { range, rightId } = await manage(
    router,
    '/basekv.v1.BaseKVStore/Split',
    rangeId === undefined ? { keys: [splitKey] } : { rangeIds: [rangeId] },
    { timeoutMs, ver },
    (_, { rangeId: id }) => v1.SplitRequest.encode({ rangeId: id, ...wireVersion(ver), splitKey }).finish(),
  )
  return { left: range ?? {}, rightId }
}

/** @returns the merged range as its leader sees it */
export async function mergeRanges(
  router: Router,
  { leftId, rightId, ver, timeoutMs }: MergeOptions & { readonly timeoutMs: number },
): Promise<v1.RangeDescriptor.$Properties> {
  const { range } = await manage(
    router,
    '/basekv.v1.BaseKVStore/Merge',
    { rangeIds: [leftId] },
    { timeoutMs, ver },
    () => v1.MergeRequest.encode({ leftId, rightId, ...wireVersion(ver) }).finish(),
  )
  return range ?? {}
}

export const wireVersion = (ver: ExpectedVersion = { high: 0, low: 0 }): { verHigh: number; verLow: number } => ({
  verHigh: ver.high,
  verLow: ver.low,
})

async function manage(
  router: Router,
  path: string,
  choice: RangesChoice,
  { timeoutMs, ver }: { readonly timeoutMs: number; readonly ver?: ExpectedVersion | undefined },
  request: (picture: ClusterPicture, route: Route) => Uint8Array,
): Promise<v1.ManagementReply> {
  const isExact = ver !== undefined
  const sinceMs = router.nowMs
  for (;;) {
    const leftMs = (): number => Math.max(sinceMs + timeoutMs - router.nowMs, 1)
    // A node that says nothing must not take all the time.
    const picture = await describeCluster(router, leftMs() / 2, choice)
    const route = chosenRoute(picture, choice)
    const body = request(picture, route)
    try {
      return await ask(router, path, route, body, leftMs())
    } catch (thrown) {
      const error = toKvError(thrown)
      if (error.applied === 'unknown' || (error.code === 'BadVersion' && isExact)) throw error
      await router.pauseAfter(error, sinceMs, timeoutMs)
    }
  }
}

async function ask(
  router: Router,
  path: string,
  route: Route,
  body: Uint8Array,
  timeoutMs: number,
): Promise<v1.ManagementReply> {
  const address = router.leaderAddress(route)
  if (address === undefined) {
    throw new KvError('TryLater', `range ${route.rangeId} has no leader now`, { hint: 'see base-kv range list' })
  }
  const reply = v1.ManagementReply.decode(await router.nodeAt(address).unary(path, body, timeoutMs))
  // Done or refused: it is the newest word on that range.
  if (reply.range) router.heardOf(reply.range)
  return checkReply(reply)
}

/** @throws KvError NotFound */
function chosenRoute({ ranges }: ClusterPicture, { rangeIds = [], keys = [] }: RangesChoice): Route {
  const isChosen = ({ rangeId, boundary }: Route) =>
    rangeIds.includes(rangeId) || keys.some((key) => contains(boundary, key))
  const route = ranges.find(isChosen)
  if (route) return route
  const known = ranges.slice(0, SHOWN_MAX).map(({ rangeId }) => rangeId)
  const others = ranges.length > SHOWN_MAX ? `${ranges.length} in all` : known.join(', ') || 'none known'
  throw new KvError('NotFound', `no range ${rangeIds.join(', ') || 'of that key'}`, { hint: `ranges: ${others}` })
}

/** Ranges named in a hint. */
const SHOWN_MAX = 10

/** @throws KvError what the node says went wrong */
export function checkReply(reply: v1.ManagementReply): v1.ManagementReply {
  const { code, message } = reply
  if (code === 'Ok') return reply
  const isKnown = (text: string): text is KvErrorCode => Object.hasOwn(errorCodes, text)
  throw new KvError(isKnown(code) ? code : 'OutcomeUnknown', message || `the node answered ${code}`)
}

/** @throws KvError NotFound, BadRequest when the prefix fits several */
export function findStore({ nodes }: Pick<ClusterPicture, 'nodes'>, wanted: string): string {
  const known = new Map<string, string>()
  for (const { store, peers } of nodes) {
    for (const { storeId, node } of peers ?? []) known.set(storeId ?? '', node ?? '')
    if (store) known.set(store.id ?? '', store.node ?? '')
  }
  const matches = [...known].filter(([id, node]) => id === wanted || node === wanted)
  const found = matches.length > 0 ? matches : [...known].filter(([id]) => wanted !== '' && id.startsWith(wanted))
  const [first] = found
  if (first !== undefined && found.length === 1) return first[0]
  const names = [...known].map(([id, node]) => `${node} ${id}`).join(', ')
  if (first === undefined) throw new KvError('NotFound', `no store "${wanted}"`, { hint: `stores: ${names}` })
  throw new KvError('BadRequest', `"${wanted}" fits ${found.length} stores`, { hint: `stores: ${names}` })
}
