import { keyCount } from '../command.ts'
import type { Registers } from '../registers.ts'
import type { CommittedLog } from './committed-log.ts'
import { must } from './violation.ts'

/** What a read must at least see, fixed when it began. */
export interface ReadFloor {
  readonly key: number
  readonly appliedAtLeast: number
  readonly valueAtLeast: number
  readonly beganMs: number
}

/** Acknowledged writes are kept, and a read sees every write and every read that ended before it began. */
export class Reads {
  private acknowledgedLast = 0
  private readonly valueFloor = new Array<number>(keyCount).fill(0)
  private readonly acknowledgedIds: { readonly id: number; readonly index: number }[] = []
  private readonly committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.committed = committed
  }

  get acknowledged(): readonly { readonly id: number; readonly index: number }[] {
    return this.acknowledgedIds
  }

  acknowledge(write: {
    readonly id: number
    readonly key: number
    readonly index: number
    readonly term: number
  }): void {
    const committed = this.committed.at(write.index)
    must(
      'acknowledged writes',
      committed?.term === write.term && this.committed.indexOf(write.id) === write.index,
      () => `write ${write.id} is acknowledged at ${write.index}, which is not committed so`,
    )
    this.acknowledgedIds.push({ id: write.id, index: write.index })
    this.acknowledgedLast = Math.max(this.acknowledgedLast, write.index)
    this.valueFloor[write.key] = Math.max(this.valueFloor[write.key] as number, write.index)
  }

  begin(key: number, nowMs: number): ReadFloor {
    return { key, appliedAtLeast: this.acknowledgedLast, valueAtLeast: this.valueFloor[key] as number, beganMs: nowMs }
  }

  served(kind: 'read index' | 'lease', number: number, floor: ReadFloor, registers: Registers): void {
    const value = registers.read(floor.key)
    must('linearizable reads', value >= floor.valueAtLeast && registers.index >= floor.appliedAtLeast, () => {
      return `${kind} read at store ${number}, begun at ${floor.beganMs.toFixed(3)}, sees applied ${registers.index} and value ${value}; acknowledged before: ${floor.appliedAtLeast}, value ${floor.valueAtLeast}`
    })
    this.valueFloor[floor.key] = Math.max(this.valueFloor[floor.key] as number, value)
  }

  /** Every acknowledged write is in that state, once. */
  keptIn(number: number, registers: Registers): void {
    const ids = new Set(registers.ids)
    must('exactly once', ids.size === registers.ids.length, () => `store ${number} applied a write twice`)
    for (const { id, index } of this.acknowledgedIds) {
      must(
        'acknowledged writes',
        index > registers.index || ids.has(id),
        () => `store ${number} lost write ${id}, acknowledged at ${index}`,
      )
    }
  }
}
