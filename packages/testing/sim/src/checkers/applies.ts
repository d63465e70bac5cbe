import type { Entry, Ready } from '@base-kv/raft'
import type { Registers } from '../registers.ts'
import { memberText } from '../stores.ts'
import type { CommittedLog } from './committed-log.ts'
import type { View } from './view.ts'
import { must } from './violation.ts'

/** Handed out in order, once, committed and durable; applied in order; equal states at equal indexes. */
export class Applies {
  private readonly digests = new Map<number, number>()
  private readonly committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.committed = committed
  }

  handedOut(view: View, ready: Ready): void {
    const { seen, self, disk } = view
    for (const entry of ready.committed) {
      must(
        'apply order',
        entry.index === seen.handedOut + 1,
        () => `${memberText(self)} hands out ${entry.index} after ${seen.handedOut}`,
      )
      must(
        'state machine safety',
        this.committed.holds(entry),
        () => `${memberText(self)} hands out ${entry.index} of term ${entry.term}, which is not what was committed`,
      )
      const log = disk.replica?.log
      must(
        'persist before apply',
        log !== undefined && (entry.index <= log.snapshot.index || log.matches(entry.index, entry.term)),
        () => `${memberText(self)} hands out ${entry.index}, which its disk does not hold`,
      )
      seen.handedOut = entry.index
    }
  }

  applied(number: number, entry: Entry, registers: Registers): void {
    must(
      'apply order',
      entry.index === registers.index,
      () => `store ${number} applied ${entry.index} as ${registers.index}`,
    )
    must(
      'state machine safety',
      this.committed.holds(entry),
      () => `store ${number} applied ${entry.index} of term ${entry.term}, which is not what was committed`,
    )
    this.state(number, registers)
  }

  /** Also for a state that came by snapshot or from the disk. */
  state(number: number, registers: Registers): void {
    const known = this.digests.get(registers.index)
    if (known === undefined) this.digests.set(registers.index, registers.digest)
    else
      must('equal states', known === registers.digest, () => `store ${number} has another state at ${registers.index}`)
  }
}
