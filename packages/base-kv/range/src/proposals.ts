/**
 * Client commands on their way through the log: first collected, then proposed together in one entry, then waiting for
 * that entry to be applied.
 *
 * Every command gets exactly one answer: what the state machine said; "certainly not applied" when it was never proposed
 * or its place in the log went to another entry; or *unknown* when this replica lost leadership and did not learn the
 * outcome within an election timeout.
 */
import { assert, KvError, limits, type LogIndex, type Term } from '@base-kv/base'
import { type Command, commandBytes, ridesAlone } from './command-batch.ts'

/**
 * Exactly one of error and reply is null. `position`: of the range, when what the stamp of the command says of it is
 * old; only with answers of the state machine.
 */
export type Done = (error: KvError | null, reply: Uint8Array | null, position?: number) => void

/** One caller's fault must not tear a turn apart, where others wait: what it throws ends the process by itself. */
export function tell(done: Done, error: KvError | null, reply: Uint8Array | null, position?: number): void {
  try {
    done(error, reply, position)
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown
    })
  }
}

/** So many entries with one command each mean that callers come one at a time. */
const LONE_ENTRIES = 4

interface Waiting extends Command {
  readonly done: Done
}

interface Proposed {
  readonly index: LogIndex
  readonly term: Term
  readonly dones: readonly Done[]
  readonly bytes: number
}

export class Proposals {
  // Invariant: collectedBytes is the sum of commandBytes over collected.
  #collected: Waiting[] = []
  #collectedBytes = 0
  // Of the collected ones, those that ride alone.
  #aloneCount = 0
  // Invariant: sorted by index, strictly.
  #proposed: Proposed[] = []
  // Entries in a row, up to the newest, that carried one command.
  #loneEntries = 0
  #waitingCount = 0
  #waitingBytes = 0
  #lostLeadershipAtMs: number | null = null

  get hasCollected(): boolean {
    return this.#collected.length > 0
  }

  /** Whether what is collected is worth an entry of its own while another is under way. */
  get isMuch(): boolean {
    return this.#collected.length >= limits.entryCommandsMuch || this.#collectedBytes >= limits.entryBytesMuch
  }

  /**
   * One command is collected, and by what came before nobody else will soon ride with it: to wait for company would only
   * cost it time.
   */
  get isLone(): boolean {
    return this.#collected.length === 1 && this.#loneEntries >= LONE_ENTRIES
  }

  get waiting(): number {
    return this.#waitingCount
  }

  /** Bounded: answers TryLater at once when the queue is full. */
  collect(command: Command, done: Done): boolean {
    const bytes = commandBytes(command)
    if (this.#waitingCount >= limits.pendingCommandsMax || this.#waitingBytes + bytes > limits.pendingBytesMax) {
      done(
        new KvError('TryLater', `${this.#waitingCount} writes wait already`, {
          hint: 'send again after a pause: the queue of this range is full',
        }),
        null,
      )
      return false
    }
    this.#collected.push({ kind: command.kind, body: command.body, stamp: command.stamp, done })
    this.#collectedBytes += bytes
    if (ridesAlone(command.kind)) this.#aloneCount++
    this.#waitingCount++
    this.#waitingBytes += bytes
    return true
  }

  /** The next entry's commands, as many as fit; null when nothing waits. Follow with `proposed` or `putBack`. */
  take(): { readonly commands: readonly Waiting[]; readonly bytes: number } | null {
    if (this.#collected.length === 0) return null
    const fits = this.#collected.length <= limits.entryCommandsMax && this.#collectedBytes < limits.entryBytesMax
    if (fits && this.#aloneCount === 0) {
      const all = { commands: this.#collected, bytes: this.#collectedBytes }
      this.#collected = []
      this.#collectedBytes = 0
      return all
    }
    let bytes = 0
    let count = 0
    for (const command of this.#collected) {
      const next = bytes + commandBytes(command)
      const alone = ridesAlone(command.kind)
      if (count > 0 && (alone || next >= limits.entryBytesMax || count >= limits.entryCommandsMax)) break
      bytes = next
      count++
      if (!alone) continue
      this.#aloneCount--
      break
    }
    const commands = this.#collected.slice(0, count)
    this.#collected = this.#collected.slice(count)
    this.#collectedBytes -= bytes
    return { commands, bytes }
  }

  putBack(taken: { readonly commands: readonly Waiting[]; readonly bytes: number }): void {
    this.#collected = [...taken.commands, ...this.#collected]
    this.#aloneCount += taken.commands.filter(({ kind }) => ridesAlone(kind)).length
    this.#collectedBytes += taken.bytes
  }

  proposed(
    at: { readonly index: LogIndex; readonly term: Term },
    taken: { readonly commands: readonly Waiting[]; readonly bytes: number },
  ): void {
    const last = this.#proposed.at(-1)
    if (last && last.index >= at.index) this.#displaceFrom(at.index)
    this.#loneEntries = taken.commands.length === 1 ? this.#loneEntries + 1 : 0
    this.#proposed.push({
      index: at.index,
      term: at.term,
      dones: taken.commands.map((command) => command.done),
      bytes: taken.bytes,
    })
  }

  /** The entry at this place was applied: returns its answers' receivers when it was proposed here, else null. */
  applied(at: { readonly index: LogIndex; readonly term: Term }): readonly Done[] | null {
    const first = this.#proposed[0]
    if (!first || first.index > at.index) return null
    this.#proposed.shift()
    assert(first.index === at.index, 'entries are applied one by one')
    this.#settle(first)
    if (first.term === at.term) return first.dones
    this.#refuse(first, 'another entry took its place in the log')
    return null
  }

  /** A snapshot took the place of entries up to `index`: what became of those proposals is not known here. */
  skippedTo(index: LogIndex): void {
    while (this.#proposed[0] && this.#proposed[0].index <= index) {
      const lost = this.#proposed.shift() as Proposed
      this.#settle(lost)
      this.#unknown(lost, 'a snapshot came before the answer')
    }
  }

  /** Not leader (any more): what was not proposed certainly was not applied; the rest may still be learnt for a while. */
  lostLeadership(nowMs: number, why: string): void {
    const refused = this.#collected
    this.#collected = []
    this.#waitingBytes -= this.#collectedBytes
    this.#collectedBytes = 0
    this.#aloneCount = 0
    this.#waitingCount -= refused.length
    if (this.#proposed.length > 0) this.#lostLeadershipAtMs ??= nowMs
    if (refused.length === 0) return
    const error = new KvError('TryLater', why, { hint: 'send again: the write was not applied' })
    for (const { done } of refused) tell(done, error, null)
  }

  /** `lastIndex`: where the log ends now. What was proposed behind it, in an earlier leadership, may lie elsewhere. */
  gainedLeadership(lastIndex: LogIndex): void {
    this.#lostLeadershipAtMs = null
    this.#displaceFrom((lastIndex + 1) as LogIndex)
  }

  /** Answers *unknown* to what stayed open for `patienceMs` after leadership was lost. */
  expire(nowMs: number, patienceMs: number): void {
    if (this.#lostLeadershipAtMs === null || nowMs - this.#lostLeadershipAtMs < patienceMs) return
    this.#lostLeadershipAtMs = null
    this.#unknownAll('the leader was deposed before the write was committed')
  }

  /** The range was taken over: nothing that is not applied here yet will be anywhere. */
  absorbed(why: string): void {
    const open = this.#proposed
    this.#proposed = []
    for (const refused of open) {
      this.#settle(refused)
      this.#refuse(refused, why)
    }
    this.lostLeadership(0, why)
  }

  close(why: string): void {
    this.lostLeadership(0, why)
    this.#unknownAll(why)
  }

  #unknownAll(why: string): void {
    const open = this.#proposed
    this.#proposed = []
    for (const lost of open) {
      this.#settle(lost)
      this.#unknown(lost, why)
    }
  }

  #displaceFrom(index: LogIndex): void {
    while (this.#proposed.length > 0 && (this.#proposed.at(-1) as Proposed).index >= index) {
      const lost = this.#proposed.pop() as Proposed
      this.#settle(lost)
      this.#unknown(lost, 'the leader was deposed and elected again')
    }
  }

  #settle(entry: Proposed): void {
    this.#waitingCount -= entry.dones.length
    this.#waitingBytes -= entry.bytes
  }

  #refuse(entry: Proposed, why: string): void {
    const error = new KvError('TryLater', why, { hint: 'send again: the write was not applied' })
    for (const done of entry.dones) tell(done, error, null)
  }

  #unknown(entry: Proposed, why: string): void {
    const error = new KvError('OutcomeUnknown', why, { hint: 'read the key to see whether the write was applied' })
    for (const done of entry.dones) tell(done, error, null)
  }
}
