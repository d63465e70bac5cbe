import { MessageType, type HardState, type Member, type Message } from '@base-kv/raft'
import type { Disk } from '../disk.ts'
import { memberKey, memberText, sameMember, storeNumber } from '../stores.ts'
import { must } from './violation.ts'

/**
 * What a replica told others binds it through every crash: one vote a term, and nothing said that the disk does not
 * hold. Watches messages at the moment when they leave.
 */
export class Votes {
  private readonly given = new Map<number, Member>()
  private readonly disks: readonly Disk[]

  constructor(disks: readonly Disk[]) {
    this.disks = disks
  }

  left(message: Message): void {
    const replica = this.disks[storeNumber(message.from.store)]?.replica
    const durable = replica && sameMember(replica.self, message.from) ? replica : null
    if (message.type === MessageType.voteResponse && !message.reject) {
      this.give(message.from, message.term, message.to)
      must(
        'persist before send',
        durable !== null && holdsVote(durable.hardState, message.term, message.to),
        () =>
          `${memberText(message.from)} grants term ${message.term} to ${memberText(message.to)} before its disk knows`,
      )
    } else if (message.type === MessageType.vote) {
      this.give(message.from, message.term, message.from)
    } else if (message.type === MessageType.appendResponse && !message.reject) {
      const term = durable?.hardState.term ?? -1
      must(
        'persist before send',
        term >= message.term,
        () => `${memberText(message.from)} acknowledges in term ${message.term}, its disk is in ${term}`,
      )
      // A disk that has moved on to a newer term may have replaced what was acknowledged in the older one.
      must(
        'persist before send',
        term > message.term || (durable?.log.last ?? -1) >= message.index,
        () =>
          `${memberText(message.from)} acknowledges ${message.index}, its disk ends at ${durable?.log.last ?? 'nothing'}`,
      )
    }
  }

  /** Whether that vote left its giver, or, for the candidate's own, lies on its disk. */
  granted(voter: Member, term: number, candidate: Member): boolean {
    if (sameMember(voter, candidate)) {
      const replica = this.disks[storeNumber(voter.store)]?.replica
      return replica != null && sameMember(replica.self, voter) && holdsVote(replica.hardState, term, candidate)
    }
    const given = this.given.get(key(voter, term))
    return given !== undefined && sameMember(given, candidate)
  }

  private give(voter: Member, term: number, candidate: Member): void {
    const at = key(voter, term)
    const given = this.given.get(at)
    must(
      'one vote a term',
      given === undefined || sameMember(given, candidate),
      () =>
        `${memberText(voter)} gives its vote of term ${term} to ${memberText(candidate)} after ${given ? memberText(given) : ''}`,
    )
    if (!given) this.given.set(at, candidate)
  }
}

const key = (voter: Member, term: number): number => memberKey(voter) * 1_000_000 + term

function holdsVote(hardState: HardState, term: number, candidate: Member): boolean {
  if (hardState.term !== term) return hardState.term > term
  return hardState.vote !== null && sameMember(hardState.vote, candidate)
}
