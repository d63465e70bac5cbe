/**
 * Takes a member out of a range whose store lives but has no such replica: it lost it, or never made it, and the leader
 * would probe it for ever. Always on. A store that is gone is another matter (replica-count.ts).
 */
import type { RangeId, StoreId } from '@base-kv/base'
import { storeOf } from '@base-kv/landscape'
import type { Balancer, Move, Outcome } from '@base-kv/runtime'

/** So long it must have been like that: a new replica appears in the landscape a little after it was made. */
const SUSPECTED_FOR_MS = 15_000

/** Since when a member has been missing. Invariant: kept while it is, however often the landscape changes. */
export type MissingSince = ReadonlyMap<`${RangeId} ${StoreId}`, number>

export const unreachableReplica: Balancer<MissingSince> = {
  initial: new Map(),
  balance(before, { route, landscape, nowMs }): Outcome<MissingSince> {
    const state = new Map<`${RangeId} ${StoreId}`, number>()
    const moves: Move[] = []
    let waitMs: number | null = null
    for (const { range, store } of route) {
      const { voters, learners, nextVoters, nextLearners } = range.config
      const isAtRest = range.state === 'Normal' && nextVoters.length === 0 && nextLearners.length === 0
      const ripe: StoreId[] = []
      for (const member of [...voters, ...learners]) {
        const host = storeOf(landscape, member)
        const progress = range.progress.find((one) => one.store === member)
        if (host === undefined || progress?.state !== 'probe' || host.ranges.some(({ id }) => id === range.id)) continue
        const key = `${range.id} ${member}` as const
        const sinceMs = before.get(key) ?? nowMs
        state.set(key, sinceMs)
        const leftMs = sinceMs + SUSPECTED_FOR_MS - nowMs
        if (leftMs <= 0) ripe.push(member)
        else waitMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, leftMs)
      }
      const [lost] = ripe.sort()
      if (lost === undefined || !isAtRest) continue
      moves.push({
        command: {
          kind: 'changeReplicas',
          store: store.id,
          range: range.id,
          ver: range.ver,
          voters: voters.filter((id) => id !== lost),
          learners: learners.filter((id) => id !== lost),
        },
        reason: `store ${lost} lives and has no replica of it`,
      })
    }
    const reason = waitMs === null ? 'every member has its replica' : 'a member has no replica, not for long yet'
    return { state, moves, waitMs, reason }
  },
}
