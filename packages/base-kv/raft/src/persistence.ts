/**
 * What the disk has made durable, while several writes are under way.
 *
 * A write that was given out may be overtaken by a truncation: its entries are replaced by others with the same indexes.
 * When it then completes, it must not count for the new ones. So a truncation lowers what every write in flight vouches
 * for, at once, and a completion raises `stable` only to that. No comparison of terms is needed, and there is no ABA.
 */
import { assert } from '@base-kv/base'
import { sameMember } from './config.ts'
import type { Member } from './types.ts'

interface Write {
  readonly id: number
  /** The log is durable up to here once this write is. Invariant: never above a truncation that came after it. */
  last: number
  readonly term: number
  readonly vote: Member | null
}

export class Persistence {
  /** Oldest first. Invariant: ids rise. */
  private writes: Write[] = []
  private newestId = 0
  /** Invariant: the durable log equals the log in memory up to here. */
  stable: number
  /** The hard state on disk. */
  term: number
  vote: Member | null

  constructor(stable: number, term: number, vote: Member | null) {
    this.stable = stable
    this.term = term
    this.vote = vote
  }

  get idle(): boolean {
    return this.writes.length === 0
  }

  begin(last: number, term: number, vote: Member | null): number {
    this.newestId++
    this.writes.push({ id: this.newestId, last, term, vote })
    return this.newestId
  }

  /** @returns whether anything became durable by it; a number of the past is harmless. */
  done(id: number): boolean {
    assert(id <= this.newestId, () => `write ${id} was never given out`)
    let some = false
    while (this.writes.length > 0 && (this.writes[0] as Write).id <= id) {
      const write = this.writes.shift() as Write
      this.stable = Math.max(this.stable, write.last)
      this.term = write.term
      this.vote = write.vote
      some = true
    }
    return some
  }

  truncated(from: number): void {
    this.stable = Math.min(this.stable, from - 1)
    for (const write of this.writes) write.last = Math.min(write.last, from - 1)
  }

  /** The log was replaced by a snapshot, durably. */
  reset(index: number): void {
    this.stable = index
    for (const write of this.writes) write.last = index
  }

  /** Whether the disk knows the vote for oneself in this term. */
  votedFor(self: Member, term: number): boolean {
    return this.term === term && this.vote !== null && sameMember(this.vote, self)
  }
}
