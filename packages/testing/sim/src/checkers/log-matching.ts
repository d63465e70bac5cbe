import { EntryType, type Entry, type Ready } from '@base-kv/raft'
import { fingerprint } from '../command.ts'
import { configOf } from '../log-image.ts'
import { memberText } from '../stores.ts'
import type { CommittedLog } from './committed-log.ts'
import { checkChange } from './config-change.ts'
import type { View } from './view.ts'
import { must } from './violation.ts'

/**
 * Two logs that hold an entry of the same index and term are equal up to it. By induction that needs no comparison of
 * logs: an (index, term) has one content and one predecessor's term, ever, anywhere.
 */
export class LogMatching {
  private readonly known = new Map<number, { readonly print: number; readonly before: number }>()
  private readonly committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.committed = committed
  }

  /** Before the shell takes over what the turn changes in the log. */
  changed(view: View, ready: Ready): void {
    const { log, self } = view
    if (ready.truncateFrom !== null) {
      must(
        'truncation',
        ready.truncateFrom > view.seen.commit,
        () => `${memberText(self)} truncates from ${ready.truncateFrom}, committed ${view.seen.commit}`,
      )
      for (let index: number = ready.truncateFrom; index <= Math.min(log.last, this.committed.last); index++) {
        must(
          'truncation',
          !this.committed.holds(log.entry(index)) || this.comesBack(ready, index),
          () => `${memberText(self)} truncates ${index}, which is committed`,
        )
      }
    }
  }

  /** After it: the entries that are new in the log. */
  appended(view: View, entries: readonly Entry[]): void {
    const { log, self, machine } = view
    for (const entry of entries) {
      must(
        'log matching',
        entry.term <= machine.term,
        () => `${memberText(self)} appends an entry of term ${entry.term} in term ${machine.term}`,
      )
      const before = log.termOrSnapshot(entry.index - 1)
      must(
        'log matching',
        before <= entry.term,
        () => `${memberText(self)}: term ${entry.term} of ${entry.index} follows term ${before}`,
      )
      const at = entry.index * 1_000_000 + entry.term
      const known = this.known.get(at)
      const print = fingerprint(entry)
      if (!known) {
        this.known.set(at, { print, before })
      } else {
        must(
          'log matching',
          known.print === print && known.before === before,
          () => `two entries ${entry.index} of term ${entry.term}, one at ${memberText(self)}`,
        )
      }
      if (entry.type === EntryType.config && machine.role === 'leader' && entry.term === machine.term) {
        checkChange(view, entry.index, log.configAt(entry.index - 1), configOf(entry))
      }
    }
  }

  /** The same batch brings the same entry again: nothing is lost when it is written as one. */
  private comesBack(ready: Ready, index: number): boolean {
    return ready.entries.some((entry) => entry.index === index && this.committed.holds(entry))
  }
}
