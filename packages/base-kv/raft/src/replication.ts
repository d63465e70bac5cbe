/**
 * The leader's side of replication: what to send to whom, and what the answers mean.
 *
 * Anything on the way may be lost, doubled or overtaken. A match therefore only rises, and a refusal counts only for the
 * position that it names. What got lost is found by the next answered heartbeat: an append without entries at the end of
 * what was sent asks whether it all arrived, also when the window is full.
 */
import type { Core, Leading } from './core.ts'
import { entryBytes } from './log-view.ts'
import { addedAt } from './generation.ts'
import { type Peer, toProbe, toReplicate, toSnapshot } from './progress.ts'
import { type Entry, type Message, MessageType } from './types.ts'

/** Sends everybody what there is to send. */
export function sendAppends(core: Core, leading: Leading): void {
  for (const peer of leading.peers.values()) {
    if (!peer.self && mayHear(core, peer)) sendTo(core, peer)
  }
}

/**
 * A new member hears of the group only once the entry that added it is committed; its replica id tells that entry's index.
 * Else an entry that is lost would leave a replica behind, and its id could stand in the way of the next one's.
 */
function mayHear(core: Core, peer: Peer): boolean {
  return addedAt(peer.member.replica) <= core.commit
}

function sendTo(core: Core, peer: Peer): void {
  const { log, options } = core
  if (peer.state === 'snapshot') return
  if (peer.next - 1 < log.snapshotIndex) {
    offerSnapshot(core, peer)
    return
  }
  if (peer.state === 'probe') {
    if (peer.paused) return
    const entries = peer.next <= log.last ? log.slice(peer.next, log.last, options.appendBytesMax) : noEntries
    sendAppend(core, peer, entries)
    peer.paused = true
    return
  }
  while (peer.next <= log.last && !peer.inflight.full && peer.next - 1 >= log.snapshotIndex) {
    const entries = log.slice(peer.next, log.last, options.appendBytesMax)
    sendAppend(core, peer, entries)
    let bytes = 0
    for (const entry of entries) bytes += entryBytes(entry)
    peer.next += entries.length
    peer.inflight.add(peer.next - 1, bytes)
  }
  if (peer.next > log.last) tellCommit(core, peer)
}

/** Position before the entries, the entries, and the commit index. */
function sendAppend(core: Core, peer: Peer, entries: readonly Entry[]): void {
  const prev = peer.next - 1
  // Only called where the log reaches: the term of a compacted entry is not known, and never made up.
  const fields = { index: prev, logTerm: core.log.term(prev) as number, commit: core.commit, entries }
  core.send(core.message(MessageType.append, peer.member, fields))
  peer.commitSent = core.commit
}

/** Nothing to send but the news: a heartbeat of no round, which nobody answers. If it is lost, the next heartbeat tells. */
function tellCommit(core: Core, peer: Peer): void {
  const commit = Math.min(core.commit, peer.match)
  if (peer.commitSent >= commit) return
  core.send(core.message(MessageType.heartbeat, peer.member, { commit }))
  peer.commitSent = commit
}

function offerSnapshot(core: Core, peer: Peer): void {
  toSnapshot(peer, core.log.snapshotIndex, core.nowMs)
  core.send(core.message(MessageType.snapshotOffer, peer.member, { snapshot: core.log.snapshot() }))
}

/** One more number for a round, and one heartbeat to everybody. */
export function sendHeartbeats(core: Core, leading: Leading): void {
  core.roundCount++
  leading.round = core.roundCount
  leading.sentRounds.push({ round: leading.round, sentMs: core.nowMs })
  leading.heartbeatDueMs = core.nowMs + core.options.heartbeatIntervalMs
  for (const peer of leading.peers.values()) {
    if (peer.self || !mayHear(core, peer)) continue
    // Never beyond its match: what it holds behind that may be another history.
    const commit = Math.min(core.commit, peer.match)
    core.send(core.message(MessageType.heartbeat, peer.member, { commit, round: leading.round }))
  }
}

export function onAppendResponse(core: Core, leading: Leading, peer: Peer, message: Message): void {
  peer.answeredMs = core.nowMs
  leading.due = true
  const { index } = message
  if (message.reject) onRefusal(core, peer, message)
  else if (index <= core.log.last) onMatch(peer, index)
}

function onMatch(peer: Peer, index: number): void {
  peer.match = Math.max(peer.match, index)
  peer.inflight.free(index)
  if (peer.state === 'replicate') peer.next = Math.max(peer.next, peer.match + 1)
  // An old answer to a probe at another place must not end the probing too early: it may lie behind the match.
  else if (peer.state === 'probe') {
    if (index >= peer.match) toReplicate(peer)
  } else if (peer.match >= peer.offered) toReplicate(peer)
}

function onRefusal(core: Core, peer: Peer, message: Message): void {
  const { index, hintIndex, hintTerm } = message
  if (peer.state === 'snapshot') return
  // Of the position that was asked last, or stale.
  if (peer.state === 'probe' ? index !== peer.next - 1 : index <= peer.match || index >= peer.next) return
  const agrees = core.log.lastWithTermAtMost(Math.min(hintIndex, index - 1), hintTerm)
  toProbe(peer, Math.min(agrees + 1, index))
}

export function onHeartbeatResponse(core: Core, leading: Leading, peer: Peer, message: Message): void {
  if (message.round > leading.round) return
  peer.answeredMs = core.nowMs
  peer.round = Math.max(peer.round, message.round)
  leading.due = true
  if (peer.state === 'probe') peer.paused = false
  else if (peer.state === 'snapshot') {
    // The offer may be lost, or the pull failed.
    if (core.nowMs - peer.offeredMs >= core.options.electionTimeoutMs) offerSnapshot(core, peer)
  } else if (peer.match < core.log.last && peer.match === peer.matchAtBeat) {
    if (peer.next - 1 < core.log.snapshotIndex) offerSnapshot(core, peer)
    else sendAppend(core, peer, noEntries)
  }
  peer.matchAtBeat = peer.match
}

/** What was on its way to it is lost. */
export function onUnreachable(leading: Leading, peer: Peer): void {
  if (peer.state !== 'replicate') return
  toProbe(peer, peer.match + 1)
  leading.due = true
}

const noEntries: readonly Entry[] = []
