/**
 * Changes of membership: one at a time, each committed before the next, and only by a leader that has committed an entry
 * of its own term (else two leaders of successive terms could each change one member and decide by disjoint majorities).
 * A joint configuration is left by whoever leads when it is committed, once it is.
 */
import type { StoreId, Term } from '@base-kv/base'
import { encodeConfig } from './config-codec.ts'
import { changeTo, isJoint, isVoter, leaveJoint, memberOf } from './config.ts'
import type { Core, Leading } from './core.ts'
import { jointValue } from './quorum.ts'
import { termCommitted } from './reads.ts'
import { appendOwn } from './roles.ts'
import { type ChangeResult, EntryType } from './types.ts'

export function changeMembers(
  core: Core,
  target: { readonly voters: readonly StoreId[]; readonly learners: readonly StoreId[] },
): ChangeResult {
  const { leading } = core
  if (!leading) return { ok: false, reason: 'notLeader' }
  if (leading.transfer) return { ok: false, reason: 'transferring' }
  if (core.log.configIndex > core.commit || isJoint(core.config)) return { ok: false, reason: 'changeUnderWay' }
  if (!termCommitted(core, leading)) return { ok: false, reason: 'termNotCommitted' }
  if (leading.uncommittedBytes >= core.options.uncommittedBytesMax) return { ok: false, reason: 'full' }
  if (!target.voters.every((store) => memberOf(core.config, store))) return { ok: false, reason: 'newVoter' }
  const config = changeTo(core.config, target, core.log.last + 1)
  if (!config) return { ok: false, reason: 'badConfig' }
  const index = appendOwn(core, leading, EntryType.config, encodeConfig(config))
  return { ok: true, index, term: core.term as Term }
}

/** Commits what a majority of each half holds durably, and leaves a joint configuration that is committed thereby. */
export function advanceCommit(core: Core, leading: Leading): void {
  for (;;) {
    const held = jointValue(
      leading.voters.map((peer) => peer.match),
      leading.nextVoters.map((peer) => peer.match),
    )
    // Older terms' entries are committed by an own one behind them, never by counting (figure 8).
    if (held <= core.commit || held < leading.termStart) return
    const from = Math.max(core.commit + 1, leading.termStart)
    for (let index = from; index <= held; index++) leading.uncommittedBytes -= core.log.cached(index).data.length
    core.commit = held
    if (core.log.configIndex > held) return
    if (!isJoint(core.config)) return
    // The new half alone decides from here on, so look again.
    appendOwn(core, leading, EntryType.config, encodeConfig(leaveJoint(core.config)))
  }
}

/** The leader is no voter any more, and that is final. */
export function isDismissed(core: Core): boolean {
  return core.log.configIndex <= core.commit && !isVoter(core.config, core.self)
}
