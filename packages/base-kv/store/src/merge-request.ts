/** Whether two ranges here may be merged as they are, before anything is changed. */
import { KvError, parseRangeId, type RangeId, sameKey } from '@base-kv/base'
import type { ClusterConfig } from '@base-kv/landscape'
import type { MergeTarget, Range } from '@base-kv/range'

/** @param rightId held here as `right`, if at all @returns what `left` is to take over, or why not */
export function mergeTarget(left: Range, rightId: RangeId, right: Range | undefined): MergeTarget | KvError {
  if (left.id === rightId) return new KvError('BadRequest', 'a range cannot be merged with itself')
  if (parseRangeId(left.id)?.epoch !== parseRangeId(rightId)?.epoch) {
    return new KvError('BadRequest', `range ${rightId} belongs to another epoch`)
  }
  if (!right?.boundary) {
    return new KvError(
      'TryLater',
      `range ${rightId} has no replica with data on the store that leads range ${left.id}`,
      {
        hint: 'give both ranges the same members with `base-kv range replicas`',
      },
    )
  }
  const { end } = left.boundary ?? { end: null }
  const { start } = right.boundary
  if (end === null || start === null || !sameKey(end, start)) {
    return new KvError('BadRequest', `range ${rightId} does not begin where range ${left.id} ends`, {
      hint: 'see `base-kv range list` for the boundaries; the left range is named first',
    })
  }
  const { ver, boundary, config, state } = right.describe()
  if (state !== 'Normal') {
    return new KvError('TryLater', `range ${rightId} is ${state}`, { hint: 'wait for the change under way to end' })
  }
  if (!sameMembers(left.describe().config, config)) {
    return new KvError('TryLater', `ranges ${left.id} and ${rightId} are held by different stores`, {
      hint: 'give both ranges the same members with `base-kv range replicas`',
    })
  }
  return { right: rightId, ver, end: boundary.end }
}

/** The same voters and the same learners, and no change of them under way. */
export function sameMembers(a: ClusterConfig, b: ClusterConfig): boolean {
  const same = (one: readonly string[], other: readonly string[]) =>
    one.length === other.length && one.every((store) => other.includes(store))
  const isJoint = [a, b].some(({ nextVoters }) => nextVoters.length > 0)
  return !isJoint && same(a.voters, b.voters) && same(a.learners, b.learners)
}
