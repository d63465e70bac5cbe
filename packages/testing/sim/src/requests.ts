import { assert } from '@base-kv/base'
import type { Entry, Ready } from '@base-kv/raft'
import type { ReadFloor } from './checkers/reads.ts'
import type { Registers } from './registers.ts'
import type { World } from './world.ts'

interface Write {
  readonly id: number
  readonly key: number
  readonly term: number
}

interface Read {
  readonly floor: ReadFloor
  /** The state has to be applied up to here. */
  readonly index: number
  readonly kind: 'read index' | 'lease'
}

/** What clients wait for at one replica, and what they are told: each at most once, and never more than is true. */
export class Requests {
  private readonly world: World
  private readonly number: number
  /** By log index. */
  private readonly writes = new Map<number, Write>()
  /** By the core's request number. */
  private readonly unconfirmed = new Map<number, ReadFloor>()
  private reads: Read[] = []

  constructor(world: World, number: number) {
    this.world = world
    this.number = number
  }

  proposed(index: number, write: Write): void {
    this.writes.set(index, write)
  }

  asked(request: number, floor: ReadFloor): void {
    this.unconfirmed.set(request, floor)
  }

  leased(floor: ReadFloor, index: number): void {
    this.reads.push({ floor, index, kind: 'lease' })
  }

  /** Reads that the core confirmed or gave up. */
  answered(ready: Ready): void {
    const take = (request: number): ReadFloor => {
      const floor = this.unconfirmed.get(request)
      assert(floor, () => `read ${request} was never asked, or is answered twice`)
      this.unconfirmed.delete(request)
      return floor
    }
    for (const { request, index } of ready.reads) this.reads.push({ floor: take(request), index, kind: 'read index' })
    for (const request of ready.readsAborted) take(request)
  }

  /** An entry was applied: whoever wrote it is told so; whoever wrote another one there is not. */
  applied(entry: Entry): void {
    const write = this.writes.get(entry.index)
    if (!write) return
    if (write.term !== entry.term) {
      this.forget(entry.index)
      return
    }
    this.writes.delete(entry.index)
    this.world.observer.reads.acknowledge({ ...write, index: entry.index })
    this.world.coverage.add('writeAcknowledged')
    this.world.noticed('acknowledged', this.number)
  }

  /** Serves the reads that the state has caught up with. */
  serve(registers: Registers): void {
    if (this.reads.length === 0) return
    const { observer, coverage, trace } = this.world
    this.reads = this.reads.filter(({ floor, index, kind }) => {
      if (registers.index < index) return true
      trace.add('served', this.number, floor.key, registers.read(floor.key))
      observer.reads.served(kind, this.number, floor, registers)
      coverage.add(kind === 'lease' ? 'leaseReadServed' : 'readServed')
      return false
    })
  }

  /** The outcome of writes up to that index is unknown, and their clients are told so. */
  forget(through: number): void {
    for (const index of [...this.writes.keys()]) {
      if (index > through) continue
      this.writes.delete(index)
      this.world.coverage.add('outcomeUnknown')
    }
  }
}
