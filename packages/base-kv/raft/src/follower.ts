/**
 * What a leader's messages do to a follower. By the time they come here the sender is known to be the leader of our term.
 *
 * While a snapshot is pulled the log stands still: it will be replaced as a whole, and what was acknowledged meanwhile
 * would be lost with it.
 */
import { assert } from '@base-kv/base'
import { decodeConfig } from './config-codec.ts'
import { wellFormed } from './config.ts'
import type { Core } from './core.ts'
import { becomeFollower } from './roles.ts'
import { type Entry, EntryType, type Message, MessageType, type SnapshotMeta } from './types.ts'

export function onAppend(core: Core, message: Message): void {
  const { from, index, logTerm, entries } = message
  const { log } = core
  if (core.pull !== null || !makesSense(message)) return
  // What is committed here is in every later leader's log: that much matches for certain, compacted or not.
  const known = Math.max(0, core.commit - index)
  if (known > entries.length) {
    accept(core, message, core.commit)
    return
  }
  if (known === 0 && !log.matches(index, logTerm)) {
    const hint = Math.max(log.lastWithTermAtMost(index, logTerm), core.commit)
    core.sendInTerm(
      core.message(MessageType.appendResponse, from, {
        reject: true,
        index,
        hintIndex: hint,
        hintTerm: log.term(hint) as number,
      }),
    )
    return
  }
  appendEntries(core, known === 0 ? entries : entries.slice(known))
  const matched = index + entries.length
  advance(core, Math.min(message.commit, matched))
  accept(core, message, matched)
}

/** Only a real conflict of terms removes anything; what is there already, and what lies behind it, stays. */
function appendEntries(core: Core, entries: readonly Entry[]): void {
  const { log } = core
  let configChanged = false
  for (const entry of entries) {
    if (entry.index <= log.last) {
      if (log.matches(entry.index, entry.term)) continue
      assert(entry.index > core.commit, () => `committed entry ${entry.index} conflicts with the leader's`)
      const before = log.configIndex
      log.truncate(entry.index)
      core.disk.truncated(entry.index)
      core.withdrawAcks(entry.index)
      if (log.configIndex !== before) configChanged = true
    }
    if (log.append(entry)) configChanged = true
  }
  if (configChanged) core.out.status = true
}

export function onHeartbeat(core: Core, message: Message): void {
  if (core.pull === null && message.commit <= core.log.last) advance(core, message.commit)
  if (message.round === 0) return
  core.sendInTerm(core.message(MessageType.heartbeatResponse, message.from, { round: message.round }))
}

export function onSnapshotOffer(core: Core, message: Message): void {
  const { snapshot } = message
  if (core.pull !== null || snapshot === null || !wellFormed(snapshot.config)) return
  if (snapshot.config.voters.length === 0 || snapshot.term > core.term) return
  // The log may hold that position already: replacing it would throw acknowledged entries behind it away.
  if (core.log.matches(snapshot.index, snapshot.term)) advance(core, snapshot.index)
  if (snapshot.index <= core.commit) {
    accept(core, message, core.commit)
    return
  }
  core.pull = { from: message.from, snapshot }
  core.out.pull = core.pull
}

/** State machine and log begin at the snapshot now, durably. */
export function installSnapshot(core: Core, snapshot: SnapshotMeta): void {
  assert(core.pull !== null, 'a snapshot is installed only after it was asked for')
  assert(snapshot.index >= core.pull.snapshot.index, () => `snapshot ${snapshot.index} is older than what was offered`)
  assert(snapshot.index > core.commit, () => `snapshot ${snapshot.index} lies behind the commit index ${core.commit}`)
  assert(wellFormed(snapshot.config) && snapshot.config.voters.length > 0, 'a snapshot carries a configuration')
  core.pull = null
  core.out.pull = null
  core.log.reset(snapshot)
  core.disk.reset(snapshot.index)
  core.commit = snapshot.index
  core.handedOut = snapshot.index
  core.applied = snapshot.index
  if (snapshot.term > core.term) becomeFollower(core, snapshot.term, null)
  core.out.status = true
  core.restartTimer()
  if (core.leader)
    core.sendAfterPersist(core.message(MessageType.appendResponse, core.leader, { index: snapshot.index }))
}

function accept(core: Core, message: Message, index: number): void {
  core.sendAfterPersist(core.message(MessageType.appendResponse, message.from, { index }))
}

function advance(core: Core, commit: number): void {
  if (commit > core.commit) core.commit = commit
}

/** A peer may send anything; what cannot be from a leader is dropped. */
function makesSense({ index, logTerm, entries, term }: Message): boolean {
  let before = logTerm as number
  let at = index as number
  for (const entry of entries) {
    at++
    if (entry.index !== at || entry.term < before || entry.term > term) return false
    if (entry.type === EntryType.config && !decodeConfig(entry.data)?.voters.length) return false
    before = entry.term
  }
  return logTerm <= term
}
