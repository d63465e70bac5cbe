/**
 * Splits what is hot: a range whose requests do so many accesses each that two halves would do it faster, on a store that
 * has processor and disk left for both; and, when asked for, what is too large.
 *
 * Splitting does not help a store whose processor is used up (both halves stay there) or whose disk is slow, nor a range
 * whose load is one hot key.
 */
import { compareKeys } from '@base-kv/base'
import type { RouteEntry, SplitHint } from '@base-kv/landscape'
import type { Balancer, Move, Outcome, RuleSpec, Rules } from '@base-kv/runtime'
import { notNegative, share, wholeFrom } from '@base-kv/runtime'

export const rangeSplitRules = (rangesPerStoreMax: number): readonly RuleSpec[] => [
  {
    key: 'maxCpuUsagePerRange',
    aliases: ['maxCPUUsage'],
    initial: 0.8,
    ...share,
    about: 'A store whose processor is busier than this splits nothing: both halves would stay there.',
  },
  {
    key: 'maxIODensityPerRange',
    aliases: ['maxIODensity'],
    initial: 100,
    ...notNegative,
    about: 'A range whose requests access more keys each than this, in one window, is hot.',
  },
  {
    key: 'ioNanosLimitPerRange',
    aliases: ['ioNanosLimit'],
    initial: 30_000,
    ...notNegative,
    about: 'A range whose accesses take longer than this each is not split: it is the disk that is slow.',
  },
  {
    key: 'maxRangesPerStore',
    initial: rangesPerStoreMax,
    ...wholeFrom(1),
    about: 'A store that has so many ranges splits none of them.',
  },
  {
    key: 'maxSizePerRange',
    initial: 0,
    ...notNegative,
    about: 'A range of more bytes than this is split where its load has its middle; 0: size does not matter.',
  },
]

export const rangeSplit: Balancer<null> = {
  initial: null,
  balance(state, { rules, route, landscape }): Outcome<null> {
    const live = new Set(landscape.stores.map(({ id }) => id))
    const moves: Move[] = []
    const planned = new Map<string, number>()
    for (const entry of route) {
      const { store, range } = entry
      const { voters, learners, nextVoters, nextLearners } = range.config
      if (range.state !== 'Normal' || nextVoters.length > 0 || nextLearners.length > 0) continue
      if (![...voters, ...learners].every((member) => live.has(member))) continue
      const ranges = store.ranges.length + (planned.get(store.id) ?? 0)
      if (ranges >= rule(rules, 'maxRangesPerStore')) continue
      const found = whySplit(entry, rules)
      if (found === null) continue
      planned.set(store.id, (planned.get(store.id) ?? 0) + 1)
      moves.push({
        command: { kind: 'split', store: store.id, range: range.id, ver: range.ver, key: found.key },
        reason: found.reason,
      })
    }
    return { state, moves, waitMs: null, reason: moves.length > 0 ? 'hot ranges' : 'no range is hot or too large' }
  },
}

function whySplit({ store, range }: RouteEntry, rules: Rules): { key: Uint8Array; reason: string } | null {
  if (store.statistics['cpu.usage'] >= rule(rules, 'maxCpuUsagePerRange')) return null
  const hint = range.hints.find(({ type }) => type === 'kv_io_mutation')
  if (hint === undefined) return null
  const key = cut(hint, range.boundary)
  if (key === null) return null
  const { ioDensity, ioLatencyNanos } = hint.load
  const density = rule(rules, 'maxIODensityPerRange')
  if (ioDensity > density && ioLatencyNanos < rule(rules, 'ioNanosLimitPerRange')) {
    return { key, reason: `IO density ${ioDensity} is above ${density}` }
  }
  const size = range.statistics.dataSize ?? 0
  const sizeMax = rule(rules, 'maxSizePerRange')
  return sizeMax > 0 && size > sizeMax ? { key, reason: `${size} bytes are more than ${sizeMax}` } : null
}

/** Where the hint cuts, when that leaves keys on either side. */
function cut({ load, splitKey }: SplitHint, { start, end }: RouteEntry['boundary']): Uint8Array | null {
  if (splitKey === null || splitKey.length === 0 || load.keys < 2) return null
  const isInside =
    (start === null || compareKeys(start, splitKey) < 0) && (end === null || compareKeys(splitKey, end) < 0)
  return isInside ? splitKey : null
}

const rule = (rules: Rules, key: string): number => rules[key] as number
