import { memberKey, memberText, quorumOf } from '../stores.ts'
import type { CommittedLog } from './committed-log.ts'
import type { View } from './view.ts'
import { must } from './violation.ts'
import type { Votes } from './votes.ts'

/** At most one leader a term, elected by votes that really left a quorum, and holding all that was committed before. */
export class Elections {
  private readonly leaders = new Map<number, { readonly member: number; readonly seen: View['seen'] }>()

  private readonly committed: CommittedLog
  private readonly votes: Votes

  constructor(committed: CommittedLog, votes: Votes) {
    this.committed = committed
    this.votes = votes
  }

  /** How many terms had a leader. */
  get count(): number {
    return this.leaders.size
  }

  elected(view: View, config: View['seen']['config']): void {
    const { machine, self, log } = view
    const { term } = machine
    const other = this.leaders.get(term)
    must(
      'one leader a term',
      other === undefined || other.seen === view.seen,
      () => `term ${term} has two leaders, now ${memberText(self)}`,
    )
    this.leaders.set(term, { member: memberKey(self), seen: view.seen })

    must(
      'votes',
      quorumOf(config, (member) => this.votes.granted(member, term, self)),
      () => `${memberText(self)} leads term ${term} without the votes of a quorum`,
    )
    const index = this.committed.lastBefore(term)
    const entry = this.committed.at(index)
    if (!entry || index <= log.snapshot.index) return
    must(
      'leader completeness',
      log.matches(index, entry.term),
      () =>
        `${memberText(self)} leads term ${term} without ${index} of term ${entry.term}, committed before; its log ends at ${log.last}`,
    )
  }
}
