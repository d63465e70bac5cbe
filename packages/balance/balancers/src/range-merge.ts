/**
 * Merges neighbours that are both small and without load, so that what was split for a rush does not stay split for ever.
 * Off unless somebody enables it.
 */
import { compareKeys } from '@base-kv/base'
import type { RouteEntry } from '@base-kv/landscape'
import type { Balancer, Move, Outcome, RuleSpec } from '@base-kv/runtime'
import { notNegative } from '@base-kv/runtime'
import { CoolDowns, type CoolDownState } from './cool-downs.ts'

export const rangeMergeRules: readonly RuleSpec[] = [
  {
    key: 'maxSizeToMerge',
    initial: 16 * 1_048_576,
    ...notNegative,
    about: 'Two neighbours are merged when they have no more bytes than this together.',
  },
  {
    key: 'coldForMs',
    initial: 600_000,
    ...notNegative,
    about: 'And when neither has had load, nor another boundary, for so long.',
  },
]

export const rangeMerge: Balancer<CoolDownState> = {
  initial: CoolDowns.none,
  balance(state, view): Outcome<CoolDownState> {
    const { rules, route, landscape } = view
    const live = new Set(landscape.stores.map(({ id }) => id))
    const coolDowns = new CoolDowns(state, view, {
      coolDownMs: rules.coldForMs as number,
      firstSeen: 'begins',
      // What has load is marked by the moment, so that it never cools down.
      markOf: ({ range }) => (range.hints.length > 0 ? `${range.ver.high} ${view.nowMs}` : `${range.ver.high}`),
    })
    const moves: Move[] = []
    for (let at = 0; at + 1 < route.length; at++) {
      const left = route[at] as RouteEntry
      const right = route[at + 1] as RouteEntry
      if (!touch(left, right) || !isMovable(left, live) || !isMovable(right, live)) continue
      if (!coolDowns.isOver(left.range.id) || !coolDowns.isOver(right.range.id)) continue
      const bytes = sizeOf(left) + sizeOf(right)
      if (bytes > (rules.maxSizeToMerge as number)) continue
      moves.push({
        command: {
          kind: 'merge',
          store: left.store.id,
          range: left.range.id,
          ver: left.range.ver,
          right: { range: right.range.id, ver: right.range.ver },
        },
        reason: `neither has load, and both have ${bytes} bytes together`,
      })
      // The right one is taken.
      at++
    }
    return { state: coolDowns.state, moves, waitMs: coolDowns.waitMs, reason: 'neighbours without load' }
  },
}

const touch = (left: RouteEntry, right: RouteEntry): boolean =>
  left.boundary.end !== null &&
  right.boundary.start !== null &&
  compareKeys(left.boundary.end, right.boundary.start) === 0

const isMovable = ({ range }: RouteEntry, live: ReadonlySet<string>): boolean =>
  range.state === 'Normal' &&
  range.config.nextVoters.length === 0 &&
  range.config.nextLearners.length === 0 &&
  [...range.config.voters, ...range.config.learners].every((member) => live.has(member))

/** What was not looked at yet counts as large. */
const sizeOf = ({ range }: RouteEntry): number => range.statistics.dataSize ?? Number.POSITIVE_INFINITY
