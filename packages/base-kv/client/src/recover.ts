/** A range that lost its quorum for good goes on with one replica. Asked of that replica's node: nobody leads. */
import { KvError, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { checkReply, type ExpectedVersion, findStore, wireVersion } from './management.ts'
import { describeCluster } from './picture.ts'
import type { Router } from './router.ts'

export interface RecoverOptions {
  readonly rangeId: string
  /** The survivor: a store id, a unique prefix of one, or a node's name. */
  readonly store: string
  /** Store ids of every other member that does not answer. They must never return: what only they had is lost. */
  readonly lost: readonly string[]
  readonly ver?: ExpectedVersion
  readonly timeoutMs?: number
}

/** @returns the range as the survivor, now its only member, sees it */
export async function recoverRange(
  router: Router,
  { rangeId, store, lost, ver, timeoutMs }: RecoverOptions & { readonly timeoutMs: number },
): Promise<v1.RangeDescriptor.$Properties> {
  const sinceMs = router.nowMs
  const leftMs = (): number => Math.max(sinceMs + timeoutMs - router.nowMs, 1)
  for (;;) {
    // A node that says nothing must not take all the time.
    const picture = await describeCluster(router, leftMs() / 2, { rangeIds: [rangeId] })
    const storeId = findStore(picture, store)
    const node = picture.nodes.find((one) => one.store?.id === storeId)
    const request = { rangeId, storeId, lostStores: [...lost], acceptDataLoss: true, ...wireVersion(ver) }
    try {
      if (!node) throw new KvError('Unreachable', `the node of store ${storeId} does not answer`)
      const body = v1.RecoverRequest.encode(request).finish()
      const reply = await router.nodeAt(node.address).unary('/basekv.v1.BaseKVStore/Recover', body, leftMs())
      return checkReply(v1.ManagementReply.decode(reply)).range ?? {}
    } catch (thrown) {
      const error = toKvError(thrown)
      if (error.applied === 'unknown') throw error
      await router.pauseAfter(error, sinceMs, timeoutMs)
    }
  }
}
