import type { Random } from '@base-kv/base'

const leastMs = 5
const mostMs = 250
/** A share of the time already waited: an outage of any length is noticed to be over within about a tenth of it. */
const share = 1 / 8

/** How long to wait before the next attempt of something begun `waitedMs` ago; jittered, so that crowds disperse. */
export function backOffMs(waitedMs: number, random: Random): number {
  const fullMs = Math.min(Math.max(waitedMs * share, leastMs), mostMs)
  return fullMs / 2 + random.below(Math.ceil(fullMs / 2) + 1)
}
