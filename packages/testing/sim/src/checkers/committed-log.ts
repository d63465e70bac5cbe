import { EntryType, type Entry } from '@base-kv/raft'
import { decodeCommand, fingerprint } from '../command.ts'
import { quorumOf, sameMember, memberText } from '../stores.ts'
import type { Disk } from '../disk.ts'
import type { View } from './view.ts'
import { must, Violation } from './violation.ts'

interface Committed {
  readonly term: number
  readonly print: number
}

/**
 * The one log that everybody must agree on. An entry enters it the moment the first leader calls it committed, and only
 * if it lies on the disks of a quorum of the configuration in force; from then on nobody may hold, commit or apply
 * anything else at its index.
 */
export class CommittedLog {
  /** Position i holds index base + 1 + i. */
  private readonly list: Committed[] = []
  private readonly base: number
  private readonly disks: readonly Disk[]
  private readonly commandAt = new Map<number, number>()
  /** For each leader's term the last index that it was first to commit. */
  private readonly reached: { readonly term: number; index: number }[] = []

  constructor(base: number, disks: readonly Disk[]) {
    this.base = base
    this.disks = disks
  }

  get last(): number {
    return this.base + this.list.length
  }

  at(index: number): Committed | undefined {
    return this.list[index - this.base - 1]
  }

  holds(entry: Entry): boolean {
    const committed = this.at(entry.index)
    return committed !== undefined && committed.term === entry.term && committed.print === fingerprint(entry)
  }

  /** The log index of that command, once committed. */
  indexOf(command: number): number | undefined {
    return this.commandAt.get(command)
  }

  /** After a step of the replica: everything newly called committed. */
  advanced(view: View, nowConfig: { readonly index: number; readonly config: View['seen']['config'] }): void {
    const { machine, log, seen } = view
    const commit = machine.commit
    must(
      'commit',
      commit >= seen.commit,
      () => `${memberText(view.self)} took its commit back from ${seen.commit} to ${commit}`,
    )
    if (commit === seen.commit) return
    must(
      'commit',
      commit <= log.last,
      () => `${memberText(view.self)} calls ${commit} committed, its log ends at ${log.last}`,
    )
    for (let index = seen.commit + 1; index <= commit; index++) {
      if (index <= log.snapshot.index) {
        must(
          'commit',
          index <= this.last,
          () => `${memberText(view.self)} has a snapshot at ${log.snapshot.index}, never committed`,
        )
        continue
      }
      const entry = log.entry(index)
      const known = this.at(index)
      if (known) {
        must(
          'state machine safety',
          this.holds(entry),
          () => `${memberText(view.self)} commits ${index} of term ${entry.term}, committed was term ${known.term}`,
        )
      } else {
        this.admit(view, entry, nowConfig)
      }
    }
  }

  /** The last index committed by a leader of a term before that one. */
  lastBefore(term: number): number {
    for (let i = this.reached.length - 1; i >= 0; i--) {
      const entry = this.reached[i] as { readonly term: number; readonly index: number }
      if (entry.term < term) return entry.index
    }
    return this.base
  }

  private admit(
    view: View,
    entry: Entry,
    now: { readonly index: number; readonly config: View['seen']['config'] },
  ): void {
    const { machine, seen, log } = view
    must(
      'commit',
      machine.role === 'leader' || seen.role === 'leader',
      () => `${memberText(view.self)}, no leader, is first to commit ${entry.index}`,
    )
    // Counting replicas says nothing about entries of older terms: one of the own term must be on top.
    must(
      'commit',
      log.termOrSnapshot(machine.commit) === seen.term,
      () =>
        `leader of term ${seen.term} commits ${entry.index} with nothing of its own term on top (term ${log.termOrSnapshot(machine.commit)})`,
    )
    const durable = (config: View['seen']['config']): boolean =>
      quorumOf(config, (member) => {
        const replica = this.disks[Number(member.store.slice(-1))]?.replica
        if (!replica || !sameMember(replica.self, member)) return false
        return entry.index <= replica.log.snapshot.index || replica.log.matches(entry.index, entry.term)
      })
    // In one step a leader may commit the joint configuration, leave it, and commit more by the new half alone.
    const enough = durable(seen.config) || (entry.index > seen.configIndex && durable(now.config))
    if (!enough)
      throw new Violation(
        'durable quorum',
        `${memberText(view.self)} commits ${entry.index} of term ${entry.term} without a durable quorum`,
      )
    this.list.push({ term: entry.term, print: fingerprint(entry) })
    const reached = this.reached.at(-1)
    if (reached?.term === seen.term) reached.index = entry.index
    else this.reached.push({ term: seen.term, index: entry.index })
    if (entry.type !== EntryType.command) return
    const { id } = decodeCommand(entry.data)
    const other = this.commandAt.get(id)
    must('exactly once', other === undefined, () => `command ${id} is committed at ${other} and at ${entry.index}`)
    this.commandAt.set(id, entry.index)
  }
}
