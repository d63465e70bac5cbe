/**
 * From inputs to outputs. A turn may bring many inputs; what follows from all of them together (the commit index, reads
 * confirmed, one append to each follower) is derived once, when the shell asks for the turn's result.
 */
import type { LogIndex, Term } from '@base-kv/base'
import { type Core, emptyOutbox, type Leading } from './core.ts'
import { advanceCommit, isDismissed } from './membership.ts'
import { confirmReads, startReadRound } from './reads.ts'
import { sendAppends } from './replication.ts'
import { continueTransfer, handOver } from './transfer.ts'
import type { Entry, HardState, Ready } from './types.ts'

export function hasReady(core: Core): boolean {
  const { out, log } = core
  return (
    core.leading?.due === true ||
    out.messages.length > 0 ||
    out.afterPersist.length > 0 ||
    out.hardState ||
    out.status ||
    out.reads.length > 0 ||
    out.aborted.length > 0 ||
    out.pull !== null ||
    log.handed < log.last ||
    log.truncateFrom !== null ||
    applicable(core) > core.handedOut
  )
}

export function takeReady(core: Core): Ready {
  if (core.leading?.due) settle(core, core.leading)
  const { out, log } = core
  const truncateFrom = log.takeTruncation()
  const entries = log.takeUnwritten()
  const writesLog = truncateFrom !== null || entries.length > 0
  // The commit index is only a hint: it rides along with a write, but is not worth one.
  const hardState = out.hardState || (writesLog && core.commit > core.commitWritten) ? takeHardState(core) : null
  const persistId = writesLog || hardState ? core.disk.begin(log.last, core.term, core.vote) : 0
  const waits = !core.disk.idle
  core.out = emptyOutbox()
  return {
    hardState,
    truncateFrom,
    entries,
    persistId,
    messages: waits || out.afterPersist.length === 0 ? out.messages : out.messages.concat(out.afterPersist),
    messagesAfterPersist: waits ? out.afterPersist : [],
    committed: takeCommitted(core),
    reads: out.reads,
    readsAborted: out.aborted,
    pullSnapshot: out.pull,
    statusChanged: out.status,
  }
}

function settle(core: Core, leading: Leading): void {
  leading.due = false
  advanceCommit(core, leading)
  confirmReads(core, leading)
  if (startReadRound(core, leading)) confirmReads(core, leading)
  sendAppends(core, leading)
  continueTransfer(core, leading)
  leading.due = false
  // Only now: the others have been told of the commit that dismisses us.
  if (isDismissed(core)) handOver(core, leading)
}

function takeHardState(core: Core): HardState {
  core.commitWritten = core.commit
  return { term: core.term as Term, vote: core.vote, commit: core.commit as LogIndex }
}

/** Only what is durable here: else applied data could be ahead of the log. None while a snapshot replaces the state. */
function applicable(core: Core): number {
  return core.pull === null ? Math.min(core.commit, core.disk.stable) : core.handedOut
}

function takeCommitted(core: Core): readonly Entry[] {
  const to = applicable(core)
  if (to <= core.handedOut) return []
  const entries = core.log.slice(core.handedOut + 1, to, core.options.applyBytesMax)
  core.handedOut += entries.length
  core.log.trim(core.handedOut)
  return entries
}
