import { MessageType, type Member, type Message } from '@base-kv/raft'
import type { Disk } from '../disk.ts'
import { memberKey, memberText, quorumOf, sameMember, storeNumber } from '../stores.ts'
import { configInForce, type View } from './view.ts'
import { must } from './violation.ts'

/**
 * What one leader may believe, and how long it may go on: what it holds for stored elsewhere is stored there; a silent
 * majority or a hanging disk ends its leadership.
 */
export class Leadership {
  private readonly disks: readonly Disk[]
  private readonly electionTimeoutMs: number
  private term = -1
  private readonly matches = new Map<number, number>()
  private readonly heardMs = new Map<number, number>()
  /** Nothing counts against the leader before this. */
  private watchFromMs = 0
  private lastTickMs = Number.NEGATIVE_INFINITY
  private configIndex = -1

  constructor(disks: readonly Disk[], electionTimeoutMs: number) {
    this.disks = disks
    this.electionTimeoutMs = electionTimeoutMs
  }

  received(message: Message, nowMs: number): void {
    const { type } = message
    const answers =
      type === MessageType.appendResponse ||
      type === MessageType.heartbeatResponse ||
      type === MessageType.sleepResponse
    if (answers && message.term === this.term) this.heardMs.set(memberKey(message.from), nowMs)
  }

  /** After a turn of a leader. */
  turned(view: View, nowMs: number): void {
    const { machine, log, self } = view
    if (machine.role !== 'leader') return
    this.enter(machine.term, nowMs)
    for (const { member, match, next, state } of machine.status(nowMs).progress) {
      const key = memberKey(member)
      const before = this.matches.get(key) ?? 0
      must(
        'replication',
        match >= before,
        () => `${memberText(self)} takes the match of ${memberText(member)} back from ${before} to ${match}`,
      )
      must(
        'replication',
        (match < next || state === 'snapshot') && next <= machine.lastIndex + 1,
        () =>
          `${memberText(self)}: match ${match}, next ${next} of ${memberText(member)}, the log ends at ${machine.lastIndex}`,
      )
      this.matches.set(key, match)
      if (match > before && match > log.snapshot.index) this.checkMatch(view, member, match)
    }
  }

  /** After a tick that the core got while awake. */
  ticked(view: View, nowMs: number): void {
    const { machine, disk, self } = view
    const gapMs = nowMs - this.lastTickMs
    this.lastTickMs = nowMs
    if (machine.role !== 'leader') return
    this.enter(machine.term, nowMs)
    const timeout = this.electionTimeoutMs
    must(
      'hung disk',
      disk.busySinceMs === null || nowMs - disk.busySinceMs < 2 * timeout,
      () => `${memberText(self)} leads although its disk hangs since ${disk.busySinceMs}`,
    )
    const { index, config } = configInForce(view, nowMs)
    if (gapMs >= timeout / 2 || index !== this.configIndex) this.watchFromMs = nowMs
    this.configIndex = index
    if (nowMs - this.watchFromMs < 3 * timeout) return
    const alive = (member: Member): boolean =>
      sameMember(member, self) || (this.heardMs.get(memberKey(member)) ?? 0) >= nowMs - 2.5 * timeout
    must(
      'check quorum',
      quorumOf(config, alive),
      () => `${memberText(self)} leads term ${machine.term} without a quorum that answers`,
    )
  }

  private enter(term: number, nowMs: number): void {
    if (term === this.term) return
    this.term = term
    this.matches.clear()
    this.heardMs.clear()
    this.watchFromMs = nowMs
  }

  /** A follower of the term cannot lose what it stored, so a match must be true now. */
  private checkMatch(view: View, member: Member, match: number): void {
    const replica = this.disks[storeNumber(member.store)]?.replica
    if (!replica || !sameMember(replica.self, member) || replica.hardState.term > view.machine.term) return
    const held = match <= replica.log.snapshot.index || replica.log.matches(match, view.log.termOrSnapshot(match))
    must(
      'replication',
      held,
      () => `${memberText(view.self)} believes that ${memberText(member)} holds ${match}; it does not`,
    )
  }
}
