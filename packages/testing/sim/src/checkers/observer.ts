import type { Config, HardState, Member, Message, Ready, SnapshotMeta } from '@base-kv/raft'
import type { Disk } from '../disk.ts'
import { configText, memberText, sameMember } from '../stores.ts'
import { Applies } from './applies.ts'
import { CommittedLog } from './committed-log.ts'
import { Elections } from './elections.ts'
import { LogMatching } from './log-matching.ts'
import { Reads } from './reads.ts'
import { configInForce, type View } from './view.ts'
import { must } from './violation.ts'
import { Votes } from './votes.ts'

/** Sees everything at once, as no node can, and compares it with what Raft promises. */
export class Observer {
  readonly committed: CommittedLog
  readonly votes: Votes
  readonly elections: Elections
  readonly logMatching: LogMatching
  readonly applies: Applies
  readonly reads: Reads

  /** @param base the index of the snapshot that the group began with. */
  constructor(base: number, disks: readonly Disk[]) {
    this.committed = new CommittedLog(base, disks)
    this.votes = new Votes(disks)
    this.elections = new Elections(this.committed, this.votes)
    this.logMatching = new LogMatching(this.committed)
    this.applies = new Applies(this.committed)
    this.reads = new Reads(this.committed)
  }

  /** After every input to a core. */
  stepped(view: View, nowMs: number): void {
    const { machine, seen, self } = view
    must(
      'monotone',
      machine.term >= seen.term,
      () => `${memberText(self)} went back from term ${seen.term} to ${machine.term}`,
    )
    const now = configInForce(view, nowMs)
    this.committed.advanced(view, now)
    if (machine.role === 'leader' && (seen.role !== 'leader' || seen.term !== machine.term))
      this.elections.elected(view, seen.config)
    seen.role = machine.role
    seen.term = machine.term
    seen.commit = machine.commit
    seen.config = now.config
    seen.configIndex = now.index
  }

  /** Before the shell acts on what a turn gave. */
  turned(view: View, ready: Ready): void {
    const { seen, self, disk } = view
    if (ready.persistId !== 0) {
      must(
        'monotone',
        ready.persistId > seen.persistId,
        () => `${memberText(self)}: persist id ${ready.persistId} after ${seen.persistId}`,
      )
      seen.persistId = ready.persistId
    } else {
      must(
        'persist before send',
        !ready.hardState && ready.truncateFrom === null && ready.entries.length === 0,
        () => `${memberText(self)} asks for a write without a persist id`,
      )
    }
    if (ready.hardState) this.hardState(self, disk, ready.hardState)
    this.logMatching.changed(view, ready)
  }

  /** When the shell has taken over what the turn changed in the log. */
  written(view: View, ready: Ready): void {
    this.logMatching.appended(view, ready.entries)
    this.applies.handedOut(view, ready)
  }

  left(message: Message): void {
    this.votes.left(message)
  }

  /** The core names the point where its log was cut off; the shell knows from its own log what must stand there. */
  compacted(
    view: View,
    got: SnapshotMeta,
    want: { readonly index: number; readonly term: number; readonly config: Config },
  ): void {
    const same =
      got.index === want.index && got.term === want.term && configText(got.config) === configText(want.config)
    must(
      'compaction',
      same,
      () =>
        `${memberText(view.self)} cut at ${want.index}: term ${got.term}, ${configText(got.config)} instead of term ${want.term}, ${configText(want.config)}`,
    )
  }

  private hardState(self: Member, disk: Disk, next: HardState): void {
    const { replica } = disk
    if (!replica || !sameMember(replica.self, self)) return
    const before = replica.hardState
    must(
      'monotone',
      next.term >= before.term,
      () => `${memberText(self)} writes term ${next.term} after ${before.term}`,
    )
    must(
      'one vote a term',
      next.term > before.term || before.vote === null || (next.vote !== null && sameMember(next.vote, before.vote)),
      () => `${memberText(self)} writes another vote in term ${next.term}`,
    )
  }
}
